// The parts of lit-html that the views use. lit-html escapes all values in templates.
export { html, svg, nothing, render } from "./lib/lit-html/lit-html.js";
export { live } from "./lib/lit-html/directives/live.js";
export { repeat } from "./lib/lit-html/directives/repeat.js";
