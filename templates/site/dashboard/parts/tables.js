// The data of a chart as a table, and tables with bars.
import { number, share } from "../format.js";
import { html, nothing } from "../lit.js";

/** The data of a chart as a collapsed table. The first item of each row is its heading. */
export const tableOf = (caption, columns, rows) =>
  html`<details class="as-table">
    <summary>Show as a table</summary>
    <div class="scrolls" tabindex="0" role="region" aria-label=${caption}>
      <table>
        <caption class="unseen">${caption}</caption>
        <thead>
          <tr>${columns.map((column, index) => html`<th scope="col" class=${index ? "figure" : ""}>${column}</th>`)}</tr>
        </thead>
        <tbody>
          ${rows.map(
            ([first, ...rest]) =>
              html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td class="figure">${cell}</td>`)}</tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;

/** A bar for each row: [{ name, count, href?, note? }]. Shares are of the total of the rows. */
export function bars(caption, rows, { most, isShared = true } = {}) {
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const longest = Math.max(1, ...rows.map(({ count }) => count));
  const first = most && rows.length > most + 1 ? rows.slice(0, most) : rows;
  const rest = rows.slice(first.length);
  const row = (one) => bar(one, one.count / longest, isShared && total ? one.count / total : null);
  return html`<table class="bars">
      <caption class="unseen">${caption}</caption>
      <thead class="unseen"><tr><th scope="col">Name</th><th scope="col">Count</th></tr></thead>
      <tbody>${first.map(row)}</tbody>
    </table>
    ${rest.length
      ? html`<details class="more">
          <summary>${rest.length} more</summary>
          <table class="bars"><caption class="unseen">${caption}, the rest</caption><tbody>${rest.map(row)}</tbody></table>
        </details>`
      : nothing}`;
}

const bar = ({ name, count, href, note }, length, part) =>
  html`<tr>
    <th scope="row">
      <span class="bar" .style=${`--long: ${length}`}></span>
      ${href ? html`<a href=${href}>${name}</a>` : html`<span>${name}</span>`}
      ${note ? html`<span class="soft note">${note}</span>` : nothing}
    </th>
    <td class="figure"><strong>${number(count)}</strong>${part == null ? nothing : html` <span class="soft">${share(part)}</span>`}</td>
  </tr>`;
