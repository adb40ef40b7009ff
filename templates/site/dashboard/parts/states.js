// The states of data from the API: loading, failed, empty, loaded.
import { atTime } from "../format.js";
import { icon } from "../icons.js";
import { html, nothing } from "../lit.js";

/** Renders the loaded value with `filled`. Until then, shows `lines` gray lines. */
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

/** If the session has expired, offers to sign in again and return to this view. */
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
