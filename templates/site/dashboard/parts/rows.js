// Referrals as rows: a table, or cards on a phone.
import { at, exactly } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { to } from "../url.js";
import { FACTS, happened, reason, STAGES, valueOf } from "../words.js";

const LATER_FIRST = ["complained", "opted_out", "answered", "bounced", "clicked", "opened", "delivered", "sent"];

export const rows = (caption, referrals, news = new Set()) =>
  html`<table class="referrals">
    <caption class="unseen">${caption}</caption>
    <thead>
      <tr><th scope="col">Doctor</th><th scope="col">Stage</th><th scope="col">Latest event</th><th scope="col">State, specialty</th><th scope="col">Submitted</th></tr>
    </thead>
    <tbody>
      ${repeat(
        referrals,
        ({ receipt }) => receipt,
        (referral) => row(referral, news.has(referral.receipt)),
      )}
    </tbody>
  </table>`;

function row({ receipt, submitted_at, stage, reason: why, state, specialty, doctor, milestones, ...others }, isNew) {
  return html`<tr class=${isNew ? "new" : ""}>
    <th scope="row">
      <a href=${to(`/dashboard/referrals/${receipt}`)}>${doctor.name}</a>
      <span class="soft">${[doctor.practice, doctor.city].filter(Boolean).join(" · ") || receipt}</span>
      ${nameFlag(others)}
    </th>
    <td class="stage-cell">${stageBadge(stage)}${why ? html`<span class="soft">${reason(why)}</span>` : nothing}</td>
    ${latest(milestones)}
    <td class="where">
      ${[state === "none" ? null : state, specialty && specialty !== "none" ? valueOf("specialty", specialty) : null].filter(Boolean).join(" · ") || "–"}
    </td>
    <td class="when">${when(submitted_at)}</td>
  </tr>`;
}

/** A name can have the shape of a name and still be a message. Letters show it in the address. */
export const nameFlag = ({ name_is_sentence: isSentence }) =>
  isSentence ? html`<span class="badge is-held">Name reads like a sentence</span>` : nothing;

export const stageBadge = (stage) => html`<span class="badge is-${stage}">${STAGES[stage]?.name ?? stage}</span>`;

/** A time in the user's time zone, with the exact time as its title. */
export const when = (text) => html`<time datetime=${text} title=${exactly(text)}>${at(text)}</time>`;

function latest(milestones = {}) {
  const name = LATER_FIRST.find((one) => milestones[one]);
  if (!name) return html`<td class="latest none"><span class="soft">–</span></td>`;
  return html`<td class="latest">
    ${FACTS[name]?.name ?? happened(name)} <span class="soft">${when(milestones[name])}</span>
  </td>`;
}
