// The chart by day or by week, with a choice of lines and a table.
import "../parts/chart.js";
import { day, number, weekday } from "../format.js";
import { html } from "../lit.js";
import { tableOf } from "../parts/tables.js";
import { here } from "../url.js";
import { FACTS, SERIES } from "../words.js";

// To tell lines apart without colors.
const DASHES = { submitted: [], sent: [7, 4], delivered: [2, 3], engaged: [10, 3, 2, 3], answered: [] };
const USUAL = "submitted,sent,answered";

export function series({ days, weeks }, chosen) {
  const isByWeek = chosen.by === "week";
  const rows = isByWeek ? weeks : days;
  const names = (chosen.series ?? USUAL).split(",").filter((name) => SERIES.includes(name));
  const label = (row) => (isByWeek ? `Week of ${day(row.day)}` : weekday(row.day));
  const spec = {
    labels: rows.map((row) => day(row.day)),
    titles: rows.map(label),
    series: names.map((name) => ({
      label: FACTS[name].name,
      values: rows.map(({ facts }) => facts[name] ?? 0),
      colour: `of-${name}`,
      dash: DASHES[name],
    })),
  };
  return html`<div class="row between">
      <h2 id="series">${isByWeek ? "Week by week" : "Day by day"}</h2>
      <div class="segments" role="group" aria-label="Chart interval">
        <a data-in-place href=${here({ by: null })} aria-current=${isByWeek ? "false" : "true"}>By day</a>
        <a data-in-place href=${here({ by: "week" })} aria-current=${isByWeek ? "true" : "false"}>By week</a>
      </div>
    </div>
    <ul class="chips" aria-label="Lines in the chart">
      ${SERIES.map((name) => chip(name, names))}
    </ul>
    <line-chart class="chart" role="img" aria-label=${said(names, isByWeek)} .spec=${spec}></line-chart>
    ${tableOf(
      isByWeek ? "By week" : "By day",
      [isByWeek ? "Week (UTC)" : "Day (UTC)", ...names.map((name) => FACTS[name].name)],
      rows.toReversed().map((row) => [label(row), ...names.map((name) => number(row.facts[name]))]),
    )}`;
}

function chip(name, names) {
  const isOn = names.includes(name);
  const after = isOn ? names.filter((one) => one !== name) : [...SERIES.filter((one) => one === name || names.includes(one))];
  const isLast = isOn && names.length === 1;
  return html`<li>
    <a
      class="chip of-${name}"
      data-in-place
      role="switch"
      aria-checked=${isOn}
      href=${here({ series: isLast ? null : after.join(",") === USUAL ? null : after.join(",") })}
      @keydown=${(event) => event.key === " " && (event.preventDefault(), event.currentTarget.click())}
      >${FACTS[name].name}</a
    >
  </li>`;
}

const said = (names, isByWeek) =>
  `Lines by ${isByWeek ? "week" : "day"}: ${names.map((name) => FACTS[name].name).join(", ")}. The table below has the numbers.`;

