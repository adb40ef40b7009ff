// The copy of a sent message, formatted or as plain text. It can't run scripts or load anything.
import { when } from "../parts/rows.js";
import { html, nothing } from "../lit.js";

const TALLEST = 4000;
const STYLES = /<style\b[^>]*>([\s\S]*?)<\/style>/gi;

/** Fills the frame from outside. Styles are set one by one, because the page's policy blocks inline styles. */
function fill(frame, source) {
  const shown = frame.contentDocument;
  if (!shown) return;
  const sheets = [...source.matchAll(STYLES)].map(([, text]) => text);
  const bare = source.replaceAll(STYLES, "").replaceAll(/(\s)style\s*=/gi, "$1data-style=");
  const sent = new DOMParser().parseFromString(bare, "text/html");
  for (const one of sent.querySelectorAll("script, style, link, meta, base, iframe, object, embed, form")) one.remove();
  for (const one of sent.querySelectorAll("[src], [srcset]")) for (const name of ["src", "srcset"]) one.removeAttribute(name);
  // Only the doctor may answer or opt out with them.
  for (const link of sent.querySelectorAll("a[href]")) {
    link.title = "Only the doctor can use this link";
    link.removeAttribute("href");
  }
  const body = shown.adoptNode(sent.body);
  shown.documentElement.lang = sent.documentElement.lang || "en";
  shown.title = sent.title;
  shown.body.replaceWith(body);
  for (const one of [body, ...body.querySelectorAll("[data-style]")]) {
    if (one.dataset.style) one.style.cssText = one.dataset.style;
  }
  shown.adoptedStyleSheets = sheets.map((text) => sheet(frame.contentWindow, text));
  frame.height = Math.min(TALLEST, shown.documentElement.scrollHeight + 4);
}

function sheet(window, text) {
  const made = new window.CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

export function message(resource, { isPlain, choose }) {
  const { subject, from, to, html: source, text } = resource;
  return html`<div class="message">
    <dl class="facts tight">
      <div><dt>Subject</dt><dd><strong>${subject}</strong></dd></div>
      <div><dt>From</dt><dd>${from}</dd></div>
      <div><dt>To</dt><dd>${to}</dd></div>
      ${resource.sent_at ? html`<div><dt>Sent</dt><dd>${when(resource.sent_at)}</dd></div>` : nothing}
    </dl>
    <div class="segments" role="group" aria-label="Message format">
      <button type="button" aria-pressed=${!isPlain} @click=${() => choose(false)}>Formatted</button>
      <button type="button" aria-pressed=${Boolean(isPlain)} @click=${() => choose(true)}>Plain text</button>
    </div>
    ${isPlain
      ? html`<pre tabindex="0" aria-label="The message as plain text">${text}</pre>`
      : html`<iframe
          sandbox="allow-same-origin"
          srcdoc="<!doctype html><title>Message</title>"
          title="The message as the doctor saw it"
          @load=${(event) => fill(event.target, source)}
        ></iframe>`}
  </div>`;
}
