// The numbers of the overview: headline, tiles, funnel, times and outcomes.
import { howMany, lasts, number, plural, share } from "../format.js";
import { html, nothing, svg } from "../lit.js";
import { bars } from "../parts/tables.js";
import { ANSWERS, FACTS, FUNNEL, happened, NUMBERS, reason } from "../words.js";

const STEPS = {
  submitted_to_sent: ["From the form to the first message", "sent"],
  sent_to_delivered: ["From sending to delivery", "delivered"],
  delivered_to_engaged: ["From delivery to the first open, click or answer", "engaged"],
  sent_to_answered: ["From sending to an answer", "answered"],
};

export function headline({ period, before, from, to }) {
  const { submitted = 0, answered = 0 } = period.facts;
  const count = howMany(from, to);
  const inDays = count === 1 ? "On this day" : `In these ${plural(count, "day")}`;
  const earlier = count === 1 ? "day" : plural(count, "day");
  if (!submitted && !answered) return html`<p>${inDays}, no doctors were named.</p>`;
  const calls = period.answers.call ?? 0;
  return html`<p>
    ${inDays}, <strong>${plural(submitted, "person", "people")} named their doctor</strong>${compared(
      submitted,
      before.facts.submitted ?? 0,
      earlier,
    )}.
    <strong>${plural(answered, "doctor")} answered</strong>${calls ? html`, ${number(calls)} of them asking for a call` : nothing}.
  </p>`;
}

// From this factor on, a percentage such as "5,356% more" is hard to read.
const isManyTimes = (now, then) => now >= 10 * then;
const times = (now, then) => number(Math.round(now / then));

function compared(now, then, days) {
  if (!then) return `, after none in the ${days} before`;
  if (now === then) return `, as many as in the ${days} before`;
  if (isManyTimes(now, then)) return `, ${times(now, then)} times as many as in the ${days} before`;
  return `, ${share(Math.abs(now - then) / then)} ${now > then ? "more" : "fewer"} than in the ${days} before`;
}

export const numbers = ({ period, before, days }) =>
  html`<ul class="tiles">
      ${NUMBERS.map((name) => tile(name, period.facts[name] ?? 0, before.facts[name] ?? 0, days))}
    </ul>
    <p class="soft">Arrows compare with the same number of days before. Each event counts on the day it happened.</p>`;

function tile(name, now, then, days) {
  const { name: title, means, isBad } = FACTS[name];
  return html`<li class="tile">
    <h3>${title}</h3>
    <p class="big">${number(now)}</p>
    ${change(now, then, isBad)} ${spark(days.map(({ facts }) => facts[name] ?? 0), name)}
    <p class="soft">${means}</p>
  </li>`;
}

function change(now, then, isBad) {
  if (now === then) return html`<p class="change"><span>same</span> <span class="soft">as before</span></p>`;
  const isUp = now > then;
  const tone = isUp === !isBad ? "good" : "bad";
  const by = !then ? number(now) : isManyTimes(now, then) ? `${times(now, then)}×` : share(Math.abs(now - then) / then);
  return html`<p class="change ${tone}">
    <span><span aria-hidden="true">${isUp ? "▲" : "▼"}</span> ${by} <span class="unseen">${isUp ? "more" : "fewer"}</span></span>
    <span class="soft">from ${number(then)}</span>
  </p>`;
}

/** A line without axes. */
function spark(values, name) {
  if (values.length < 3) return html`<svg class="spark" viewBox="0 0 100 24" aria-hidden="true"></svg>`;
  const highest = Math.max(1, ...values);
  const spot = (value, index) => `${((index / (values.length - 1)) * 100).toFixed(1)},${(22 - (value / highest) * 20).toFixed(1)}`;
  return html`<svg class="spark of-${name}" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<polyline points=${values.map(spot).join(" ")} />`}
  </svg>`;
}

export const funnel = ({ period, before }) =>
  html`<table class="bars funnel">
      <caption class="unseen">Referrals submitted in this period: how many reached each step so far</caption>
      <thead class="unseen">
        <tr><th scope="col">Step</th><th scope="col">Count</th><th scope="col">Share of the step before</th></tr>
      </thead>
      <tbody>
        ${period.funnel.map((rung, index) => {
          const then = before.funnel[index]?.of_before;
          return html`<tr>
            <th scope="row">
              <span class="bar of-${FUNNEL[index]}" .style=${`--long: ${rung.of_all ?? 0}`}></span>
              <span>${FACTS[rung.name]?.name ?? rung.name}</span>
            </th>
            <td class="figure"><strong>${number(rung.count)}</strong></td>
            <td class="figure">
              ${index
                ? html`${share(rung.of_before)} <span class="soft">${then == null ? nothing : html`was ${share(then)}`}</span>`
                : html`<span class="soft">all</span>`}
            </td>
          </tr>`;
        })}
      </tbody>
    </table>
    <p class="soft">Referrals submitted in this period, so far. Each share is of the step before. Recent referrals may still move on, and many email programs hide that a message was opened.</p>`;

export const medians = ({ period, before }) =>
  html`<dl class="times">
      ${Object.entries(STEPS).map(
        ([step, [name, colour]]) =>
          html`<div>
            <dt><span class="dot of-${colour}"></span>${name}</dt>
            <dd>
              <strong>${lasts(period.medians_seconds[step])}</strong>
              ${before.medians_seconds[step] == null ? nothing : html`<span class="soft">was ${lasts(before.medians_seconds[step])}</span>`}
            </dd>
          </div>`,
      )}
    </dl>
    <p class="soft">Median of the referrals that reached the step in this period. Accurate to 5%.</p>`;

export function outcomes({ period }) {
  const answers = Object.entries(ANSWERS).map(([name, label]) => ({ name: label, count: period.answers[name] ?? 0 }));
  const completed = ["information_sent", "called_back"].map((name) => ({ name: happened(name), count: period.facts[name] ?? 0 }));
  const closings = Object.entries(period.closings)
    .map(([name, count]) => ({ name: reason(name), count }))
    .filter(({ count }) => count)
    .sort((one, other) => other.count - one.count);
  return html`<h3>Doctors answered</h3>
    ${bars("Doctors’ answers", answers)}
    <h3>Requests completed</h3>
    ${bars("Doctors’ requests that were completed", completed, { isShared: false })}
    <h3>Reasons for closing</h3>
    ${closings.length ? bars("Reasons for closing referrals", closings) : html`<p class="soft">No referrals were closed in this period.</p>`}`;
}
