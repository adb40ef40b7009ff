// Shows doctors who may be the same side by side. A manager decides.
import { cityLine, phone } from "../format.js";
import { html, nothing } from "../lit.js";
import { stageBadge, when } from "../parts/rows.js";
import { shown } from "../parts/states.js";
import { to } from "../url.js";
import { reason, valueOf } from "../words.js";

export const mustCompare = ({ stage, reason }) =>
  stage === "held" && ["possibly_same_doctor", "shared_mailbox", "may_have_opted_out"].includes(reason);

const FIELDS = {
  Name: ({ doctor }) => doctor.name,
  NPI: ({ doctor }) => doctor.npi,
  Email: ({ doctor }) => doctor.email,
  Phone: ({ doctor }) => phone(doctor.phone),
  Practice: ({ doctor }) => doctor.practice,
  Address: ({ address }) =>
    address && [address.line1, address.line2, cityLine(address)].filter(Boolean).join(", "),
  Specialty: ({ specialty }) => specialty && specialty !== "none" && valueOf("specialty", specialty),
  Submitted: ({ submitted_at: at }) => when(at),
  Stage: ({ stage, reason: why }) => html`${stageBadge(stage)} ${why ? html`<span class="soft">${reason(why)}</span>` : nothing}`,
  Told: ({ told_at: at }) => at && when(at),
};
const SAME = { email: "email address", phone: "name and phone", postcode: "name and ZIP code" };
const SHARED = { email: "Email", phone: "Phone", postcode: "Address" };

export function comparison(app, detail, resource, acting) {
  return html`<section class="card" aria-labelledby="comparison">
    <h2 id="comparison">Is this the same doctor?</h2>
    ${shown(resource, (found) => table(app, detail, found, acting), { lines: 8 })}
  </section>`;
}

function table(app, detail, { matches, without_referral: others }, acting) {
  const columns = [detail, ...matches];
  const rows = Object.entries(FIELDS)
    .map(([name, value]) => [name, columns.map(value)])
    .filter(([, values]) => values.some(Boolean));
  return html`${[...matches, ...others].some((one) => one.has_opted_out)
      ? html`<p class="notice harsh">A doctor with these details has opted out. Choose “Same doctor” unless you are certain that they are different people.</p>`
      : nothing}
    <div class="scrolls-wide" tabindex="0" role="group" aria-label="Doctors beside each other">
      <table class="comparison">
        <thead>
          <tr>
            <td></td>
            <th scope="col">This referral</th>
            ${matches.map((one) => html`<th scope="col"><a href=${to(`/dashboard/referrals/${one.receipt}`)}>${one.receipt}</a></th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, values]) =>
              html`<tr>
                <th scope="row">${name}</th>
                ${values.map((value, column) => html`<td class=${(column ? [matches[column - 1]] : matches).some((one) => isShared(one, name)) ? "same" : ""}>${value || html`<span class="soft">–</span>`}</td>`)}
              </tr>`,
          )}
        </tbody>
        ${app.isManager
          ? html`<tfoot>
              <tr>
                <td></td>
                <td></td>
                ${matches.map((one) => html`<td>${acting.compare(detail, one.receipt)}</td>`)}
              </tr>
            </tfoot>`
          : nothing}
      </table>
    </div>
    ${others.map(
      (one) =>
        html`<div class="row between">
          <p>Another doctor with the same ${one.shared.map((kind) => SAME[kind]).join(" and ")}, whose details are no longer stored.</p>
          ${app.isManager ? acting.compare(detail, one.receipt) : nothing}
        </div>`,
    )}`;
}

const isShared = ({ shared }, name) => shared.some((kind) => SHARED[kind] === name) || (name === "Name" && shared.some((kind) => kind !== "email"));
