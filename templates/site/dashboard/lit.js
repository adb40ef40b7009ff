// What the views take from lit-html, in one place. Whatever is put into a template is text, never markup.
export { html, svg, nothing, render } from "./lib/lit-html/lit-html.js";
export { live } from "./lib/lit-html/directives/live.js";
export { repeat } from "./lib/lit-html/directives/repeat.js";
