// Selects the days. The selection is in the address, so that it can be bookmarked and shared.
import { days, today } from "../format.js";
import { icon } from "../icons.js";
import { html, live } from "../lit.js";
import { here, LASTS, range } from "../url.js";

const LONGEST = 366;

export function rangeChooser(app, { mayBeAll = false } = {}) {
  const chosen = range({ mayBeAll });
  const offered = mayBeAll ? { ...LASTS, all: "All" } : LASTS;
  return html`<div class="range" role="group" aria-label="Days">
    <p class="on-paper">${chosen.from ? days(chosen.from, chosen.to) : "All days"}, in UTC</p>
    <div class="segments">
      ${Object.entries(offered).map(
        ([last, name]) =>
          html`<a href=${here({ last, from: null, to: null })} aria-current=${chosen.last === last ? "true" : "false"}
            >${last === "all" ? "" : html`<span class="unseen">Last </span>`}${name}</a
          >`,
      )}
    </div>
    <details class="own" @keydown=${(event) => event.key === "Escape" && close(event.currentTarget)}>
      <summary>${icon("calendar")}<span>${chosen.from ? days(chosen.from, chosen.to) : "All days"}</span></summary>
      <form @submit=${(event) => choose(app, event)}>
        <label>First day <input type="date" name="from" required max=${today()} .value=${live(chosen.from ?? "")} /></label>
        <label>Last day <input type="date" name="to" required max=${today()} .value=${live(chosen.to ?? "")} /></label>
        <p class="soft">Days are in UTC. At most ${LONGEST}.</p>
        <button class="button">Show</button>
      </form>
    </details>
  </div>`;
}

function choose(app, event) {
  event.preventDefault();
  const form = event.target;
  const [from, until] = [form.elements.from, form.elements.to];
  const length = (until.valueAsNumber - from.valueAsNumber) / 86_400_000 + 1;
  until.setCustomValidity(
    length < 1 ? "The last day is before the first day." : length > LONGEST ? `At most ${LONGEST} days.` : "",
  );
  if (!form.reportValidity()) return until.addEventListener("input", () => until.setCustomValidity(""), { once: true });
  close(form.closest("details"));
  app.go(here({ from: from.value, to: until.value, last: null }));
}

function close(details) {
  details.open = false;
  details.querySelector("summary").focus();
}
