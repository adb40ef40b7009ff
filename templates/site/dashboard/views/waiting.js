// Open tasks, and open referrals by stage.
import { html, nothing } from "../lit.js";
import { icon } from "../icons.js";
import { bars } from "../parts/tables.js";
import { to } from "../url.js";
import { KINDS, STAGES } from "../words.js";
import { why } from "./deliverability.js";

export const countOf = (one) => one?.count ?? one ?? 0;
export const countSaid = (one) => (one?.is_more ? `${one.count}+` : String(countOf(one)));

export function waiting(app) {
  const work = app.waiting.value;
  // Keep the space, so that the layout does not shift.
  if (!work) return app.waiting.error ? nothing : html`<div class="waiting" aria-hidden="true"></div>`;
  const kinds = Object.keys(KINDS).filter((kind) => countOf(work.kinds[kind]));
  return html`${work.paused ? paused(work.paused) : nothing}
    <div class="waiting">
      ${kinds.length
        ? html`<p><strong>Open tasks</strong></p>
            <ul>
              ${kinds.map(
                (kind) =>
                  html`<li>
                    <a href=${to(`/dashboard/work/${kind}`)}><strong>${countSaid(work.kinds[kind])}</strong> ${KINDS[kind].name.toLowerCase()}</a>
                  </li>`,
              )}
            </ul>`
        : html`<p>${icon("check")} No open tasks.</p>`}
    </div>`;
}

export const paused = ({ reason }) =>
  html`<p class="notice harsh">
    ${icon("pause")}<span><strong>Sending is paused</strong>, ${why(reason)}.</span>
    <a href=${to("/dashboard/work")}>View tasks</a>
  </p>`;

export function stages({ stages: counts }) {
  const rows = Object.entries(STAGES)
    .filter(([name]) => name !== "closed")
    .map(([name, { name: label, means }]) => ({
      name: label,
      note: means,
      count: counts[name] ?? 0,
      href: to("/dashboard/referrals", { stage: name, last: "all", from: null, to: null }),
    }));
  return html`${bars("Open referrals by stage", rows, { isShared: false })}
    <p class="soft">All open referrals, regardless of when they were submitted.</p>`;
}
