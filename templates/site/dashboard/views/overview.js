// The start page: open tasks, numbers, charts and deliverability.
import { html, nothing } from "../lit.js";
import { rangeChooser } from "../parts/range.js";
import { shown } from "../parts/states.js";
import { Resource } from "../resource.js";
import { top } from "../shell.js";
import { DIMENSIONS } from "../words.js";
import { query, range } from "../url.js";
import { breakdowns } from "./breakdowns.js";
import { deliverability } from "./deliverability.js";
import { funnel, headline, medians, numbers, outcomes } from "./numbers.js";
import { series } from "./series.js";
import { stages, waiting } from "./waiting.js";

export class Overview {
  title = "Overview";
  place = "overview";

  constructor(app) {
    this.app = app;
    const changed = () => app.update();
    const asked = () => ({ campaign: app.campaign, ...days() });
    this.overview = new Resource(() => app.api.get("/overview", asked()), changed);
    this.sending = new Resource(() => app.api.get("/deliverability", { campaign: app.campaign }), changed);
    this.breakdowns = Object.fromEntries(
      Object.keys(DIMENSIONS).map((name) => [name, new Resource(() => app.api.get(`/breakdowns/${name}`, asked()), changed)]),
    );
    this.all = [this.overview, this.sending, ...Object.values(this.breakdowns)];
  }

  get at() {
    return this.overview.at;
  }

  open() {
    this.asked = JSON.stringify(days());
    for (const one of this.all) one.load();
  }

  /** The address changed. The data for days and weeks are already loaded. */
  changed() {
    if (JSON.stringify(days()) !== this.asked) this.open();
  }

  async refresh() {
    await Promise.all(this.all.map((one) => one.load({ isQuiet: true })));
  }

  render() {
    const { app, overview } = this;
    const chosen = query();
    return html`
      ${top(this, rangeChooser(app))} ${waiting(app)}
      <section class="plainly" aria-label="In short">
        ${shown(overview, (value) => headline(value), { lines: 2 })}
      </section>
      <section aria-labelledby="numbers">
        <h2 id="numbers">What happened</h2>
        ${shown(overview, (value) => numbers(value), { lines: 6, size: "tiles" })}
      </section>
      <section class="card" aria-labelledby="series">
        ${shown(overview, (value) => series(value, chosen), { lines: 6, size: "tall" })}
      </section>
      <div class="columns">
        <div class="stack">
          <section class="card" aria-labelledby="funnel">
            <h2 id="funnel">Funnel</h2>
            ${shown(overview, (value) => funnel(value), { lines: 5 })}
          </section>
          <section class="card" aria-labelledby="medians">
            <h2 id="medians">How long it takes</h2>
            ${shown(overview, (value) => medians(value), { lines: 4 })}
          </section>
        </div>
        <div class="stack">
          <section class="card" aria-labelledby="stages">
            <h2 id="stages">Open referrals by stage</h2>
            ${shown(overview, (value) => stages(value), { lines: 5 })}
          </section>
          <section class="card" aria-labelledby="outcomes">
            <h2 id="outcomes">Outcomes</h2>
            ${shown(overview, (value) => outcomes(value), { lines: 5 })}
          </section>
        </div>
      </div>
      ${breakdowns(this.breakdowns, chosen)}
      <section class="card" aria-labelledby="sending">
        <h2 id="sending">Deliverability</h2>
        ${shown(this.sending, (sending) => (overview.value ? deliverability(app, sending, overview.value) : nothing), {
          lines: 6,
          size: "tall",
        })}
      </section>
      <p class="soft foot">Days begin and end at midnight UTC. Numbers are a few seconds old. Numbers of past days can still change slightly.</p>
    `;
  }
}

const days = () => {
  const { from, to } = range();
  return { from, to };
};
