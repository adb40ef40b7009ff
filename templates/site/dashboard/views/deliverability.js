// Bounces and complaints, compared with the limits of Amazon SES and of the breaker.
import "../parts/chart.js";
import { at, day, number, plural, rate, share, weekday } from "../format.js";
import { html, nothing } from "../lit.js";
import { tableOf } from "../parts/tables.js";
import { PAUSE_REASONS } from "../words.js";
import { resume } from "./resume.js";

const FAILURES = {
  bounced: { title: "Bounces", own: "bounce_rate", said: "bounced", digits: 1 },
  complained: { title: "Complaints", own: "complaint_rate", said: "were marked as spam", digits: 2 },
};

export function deliverability(app, { breaker, ses }, { period, days }) {
  const window = breaker.policy.window_days;
  return html`${state(app, breaker)}
    <div class="columns">
      ${Object.keys(FAILURES).map((name) => one(name, period, days, breaker.policy, ses, window))}
    </div>
    ${quota(ses.quota)}
    <p class="soft">
      Each point is the share of referrals delivered or bounced in the ${plural(window, "day")} up to that day, as the
      automatic pause counts. Amazon SES counts all messages of the account. Its console shows its own numbers.
    </p>`;
}

function state(app, { is_open: isOpen, reason, since, policy }) {
  const rates = `${rate(policy.bounce_rate)} bounces or ${rate(policy.complaint_rate)} complaints`;
  if (!isOpen) {
    return html`<p class="verdict good">
      <strong>Sending is on.</strong> It pauses automatically at ${rates} among at least ${number(policy.minimum_volume)} referrals.
    </p>`;
  }
  return html`<div class="verdict bad">
    <p>
      <strong>Sending is paused${since ? html` since ${at(since)}` : nothing}</strong>, ${why(reason)}. Referrals wait, and
      none is lost. Find the cause first, then resume sending.
    </p>
    ${app.isManager ? html`<button type="button" class="button" @click=${() => resume(app)}>Resume sending …</button>` : nothing}
  </div>`;
}

export const why = (reason) =>
  (PAUSE_REASONS[reason] && `because ${PAUSE_REASONS[reason]}`) ??
  (reason ? `for this reason: ${String(reason).replaceAll("_", " ")}` : "automatically");

function one(name, { rates }, days, policy, { reviews, stops }, window) {
  const { title, own, said, digits } = FAILURES[name];
  const values = rolling(days, name, window);
  const limits = [
    { label: `SES stops: ${rate(stops[name])}`, at: stops[name], colour: "bad" },
    { label: `SES reviews: ${rate(reviews[name])}`, at: reviews[name], colour: "warn" },
  ];
  const ours = policy[own];
  if (![reviews[name], stops[name]].includes(ours)) limits.push({ label: `We pause: ${rate(ours)}`, at: ours, colour: "soft", isBelow: ours < reviews[name] });
  const spec = {
    labels: days.map((row) => day(row.day)),
    titles: days.map((row) => weekday(row.day)),
    series: [{ label: title, values, colour: `of-${name}` }],
    limits,
    isShare: true,
  };
  return html`<section aria-labelledby="rate-${name}">
    <h3 id="rate-${name}">${title}</h3>
    <p><span class="big">${share(rates[name], digits)}</span> <span class="soft">${said} in this period</span></p>
    <line-chart
      class="chart low"
      role="img"
      aria-label="${title} as a share, day by day, with the limits of Amazon SES. The table below has the numbers."
      .spec=${spec}
    ></line-chart>
    ${tableOf(
      `${title} by day, with the rate over ${plural(window, "day")}`,
      ["Day (UTC)", title, `Rate over ${plural(window, "day")}`],
      days.map((row, index) => [weekday(row.day), number(row.facts[name]), share(values[index], 2)]).toReversed(),
    )}
  </section>`;
}

/** For each day, the rate over the days up to it, or null if nothing was delivered or bounced. */
function rolling(days, name, window) {
  return days.map((_, index) => {
    const within = days.slice(Math.max(0, index - window + 1), index + 1);
    const sum = (fact) => within.reduce((total, { facts }) => total + (facts[fact] ?? 0), 0);
    const volume = sum("delivered") + sum("bounced");
    return volume ? sum(name) / volume : null;
  });
}

function quota(quota) {
  if (!quota?.max_24_hours || quota.max_24_hours < 0) return nothing;
  const used = quota.sent_24_hours / quota.max_24_hours;
  return html`<div class="quota">
    <label for="quota">Amazon SES quota for 24 hours</label>
    <meter id="quota" min="0" max="1" low="0.7" high="0.9" optimum="0.2" value=${used}></meter>
    <span>${number(quota.sent_24_hours)} of ${number(quota.max_24_hours)} <span class="soft">(${share(used)})</span></span>
  </div>`;
}
