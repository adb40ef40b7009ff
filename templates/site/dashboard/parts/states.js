// The states that everything asked of the API can be in: on its way, failed, empty, there.
import { atTime } from "../format.js";
import { icon } from "../icons.js";
import { html, nothing } from "../lit.js";

/** `filled` makes the template of what is there. While it is on its way: `lines` grey lines in its place. */
export function shown(resource, filled, { lines = 4, size = "" } = {}) {
  if (resource.value) {
    return html`${resource.error ? notFresh(resource) : nothing}
      <div class="shown ${resource.isLoading ? "fading" : ""}" aria-busy=${resource.isLoading}>
        ${filled(resource.value)}
      </div>`;
  }
  return resource.error ? problem(resource.error, () => resource.load()) : skeleton(lines, size);
}

export const skeleton = (lines, size = "") =>
  html`<div class="skeleton ${size}" aria-hidden="true">
      ${Array.from({ length: lines }, () => html`<span></span>`)}
    </div>
    <p class="unseen">Loading …</p>`;

/** Where the sign-in has ended, one signs in anew and comes back to this very view. */
export const problem = (error, again) =>
  error.status === 401 ? alarm(error, "Sign in again", () => location.reload()) : alarm(error, "Try again", again);

const alarm = (error, label, press) =>
  html`<div class="problem" role="alert">
    ${icon("alert")}
    <div>
      <p><strong>${error.message}</strong></p>
      ${press ? html`<button type="button" class="button plain" @click=${press}>${label}</button>` : nothing}
    </div>
  </div>`;

const notFresh = (resource) =>
  resource.error.status === 401 ? problem(resource.error) : staleSince(resource);

const staleSince = (resource) =>
  html`<p class="notice" role="status">
    ${icon("alert")}
    <span>${resource.error.message} Data from ${atTime(resource.at)}.</span>
    <button type="button" class="quiet" @click=${() => resource.load()}>Try again</button>
  </p>`;

export const empty = (heading, text = "", more = nothing) =>
  html`<div class="empty"><p><strong>${heading}</strong></p>${text ? html`<p>${text}</p>` : nothing}${more}</div>`;
