// The numbers by state, specialty, sender and language, as bars.
import { html } from "../lit.js";
import { bars } from "../parts/tables.js";
import { empty, shown } from "../parts/states.js";
import { here, to } from "../url.js";
import { DIMENSIONS, FACTS, FUNNEL, valueOf } from "../words.js";

const MOST = 6;
// Filters of the list of referrals.
const FILTERS = ["state", "specialty"];

export function breakdowns(resources, { fact: wanted }) {
  const fact = FUNNEL.includes(wanted) ? wanted : FUNNEL[0];
  return html`<section class="card" aria-labelledby="breakdowns">
    <div class="row between">
      <h2 id="breakdowns">Breakdown</h2>
      <div class="segments wraps" role="group" aria-label="What is counted">
        ${FUNNEL.map(
          (name) =>
            html`<a data-in-place href=${here({ fact: name === FUNNEL[0] ? null : name })} aria-current=${name === fact}
              >${FACTS[name].name}</a
            >`,
        )}
      </div>
    </div>
    <div class="columns">
      ${Object.entries(DIMENSIONS).map(
        ([name, title]) =>
          html`<section aria-labelledby="by-${name}">
            <h3 id="by-${name}">${title}</h3>
            ${shown(resources[name], (value) => list(name, title, value, fact), { lines: 5 })}
          </section>`,
      )}
    </div>
  </section>`;
}

function list(dimension, title, { values }, fact) {
  const rows = values
    .map(({ value, facts }) => ({ name: valueOf(dimension, value), count: facts[fact] ?? 0, href: link(dimension, value) }))
    .filter(({ count }) => count)
    .sort((one, other) => other.count - one.count);
  if (!rows.length) return empty("No data", "No referrals in this period.");
  return bars(`${FACTS[fact].name} by ${title.toLowerCase()}`, rows, { most: MOST });
}

function link(dimension, value) {
  return FILTERS.includes(dimension) && value !== "none" ? to("/dashboard/referrals", { [dimension]: value }) : null;
}
