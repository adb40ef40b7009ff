// The events of a referral in order.
import { when } from "../parts/rows.js";
import { html, nothing } from "../lit.js";
import { to } from "../url.js";
import { ANSWERS, CHANNELS, happened, plain, reason, REASONS, REJECTIONS, step, TAKE_BACK_REASONS } from "../words.js";

const BAD = new Set(["bounced", "complained", "opted_out", "rejected", "reject"]);
const GOOD = new Set(["answered", "engaged", "clicked", "opened"]);

export const timeline = (app, events) =>
  html`<ol class="timeline">
    ${events.map(
      ({ at, what, step: of, by, detail }) =>
        html`<li class=${BAD.has(what) ? "bad" : GOOD.has(what) ? "good" : ""}>
          <p>
            <strong>${happened(what)}</strong>${of ? html` <span>${step(of)}</span>` : nothing}
            ${detail ? html`<span class="soft">${told(what, detail)}</span>` : nothing}
          </p>
          <p class="soft">${when(at)}${by ? html` by ${app.who(by)}` : nothing}</p>
        </li>`,
    )}
  </ol>`;

function told(what, detail) {
  if (what === "sent") return `wording version ${detail}`;
  if (what === "joined") return html`<a href=${to(`/dashboard/referrals/${detail}`)}>${detail}</a>`;
  if (detail in REASONS) return reason(detail);
  const [, channel, only] = /^(.+?)(_campaign)?$/.exec(detail);
  if (what === "take_back") return TAKE_BACK_REASONS[detail];
  if (what === "wants_messages") return CHANNELS[detail];
  if (what === "wants_no_more") return `${CHANNELS[channel]}${only ? ", for this campaign" : ""}`;
  return ANSWERS[detail] ?? REJECTIONS[detail] ?? (/^[a-z_]+$/.test(detail) ? plain(detail) : detail);
}
