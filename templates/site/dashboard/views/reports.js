// Exports and letters as files: requested here, created in the background, available for a day.
import { days, number, plural, size } from "../format.js";
import { html, live, nothing, repeat } from "../lit.js";
import { rangeChooser } from "../parts/range.js";
import { when } from "../parts/rows.js";
import { empty, shown } from "../parts/states.js";
import { Resource } from "../resource.js";
import { top } from "../shell.js";
import { query, range, to } from "../url.js";
import { FILTERS, reason, REPORT_FAILURES, valueOf } from "../words.js";

const CHOICES = Object.entries(FILTERS).filter(([, { isListOnly }]) => !isListOnly);
const FORMATS = { xlsx: "Excel (XLSX)", csv: "CSV", pdf: "PDF" };
const SOON = 2_000;
const UNDONE = ["queued", "running"];
const REPORT_STATES = { queued: "Queued", running: "In progress", ready: "Ready", failed: "Failed", expired: "Expired" };

export class Reports {
  title = "Reports";
  place = "reports";
  isBusy = false;
  error = null;

  constructor(app) {
    this.app = app;
    this.reports = new Resource(() => app.api.get("/reports", { campaign: app.campaign }), () => app.update());
  }

  get at() {
    return this.reports.at;
  }

  open() {
    if (this.app.isManager) this.#load();
  }

  close() {
    clearTimeout(this.again);
  }

  refresh() {
    return this.app.isManager ? this.#load({ isQuiet: true }) : null;
  }

  async #load(how) {
    clearTimeout(this.again);
    await this.reports.load(how);
    // While a report is in progress, it is refreshed more often.
    const isUndone = list(this.reports.value).some(({ state }) => UNDONE.includes(state));
    if (isUndone && this.app.view === this) this.again = setTimeout(() => this.#load({ isQuiet: true }), SOON);
  }

  async #order(event) {
    event.preventDefault();
    if (this.isBusy) return;
    const { format, ...chosen } = Object.fromEntries(new FormData(event.target));
    const { from, to: until } = range({ mayBeAll: true });
    const filter = Object.fromEntries(Object.entries({ from, to: until, ...chosen }).filter(([, value]) => value));
    Object.assign(this, { isBusy: true, error: null });
    this.app.update();
    try {
      await this.app.api.post("/reports", { kind: "referrals", format, campaign: this.app.campaign, filter });
      this.app.say("Preparing the report.");
      await this.#load({ isQuiet: true });
    } catch (error) {
      this.error = error;
    } finally {
      this.isBusy = false;
      this.app.update();
    }
  }

  async #fetch({ id }, file) {
    try {
      const { url } = await this.app.api.post(`/reports/${id}/download`, { file });
      const link = Object.assign(document.createElement("a"), { href: url, rel: "noreferrer", download: "" });
      document.body.append(link);
      link.click();
      link.remove();
    } catch (error) {
      this.app.say(error.message);
      await this.#load({ isQuiet: true });
    }
  }

  render() {
    if (!this.app.isManager) return html`${top({ ...this, heading: this.title, at: Date.now() })}<div class="card">${empty("Only managers can see reports", "Reports contain doctors’ details.")}</div>`;
    return html`${top(this, rangeChooser(this.app, { mayBeAll: true }))} ${this.#form()}
      <section class="card" aria-labelledby="made">
        <h2 id="made">Recent reports</h2>
        ${shown(this.reports, (value) => this.#list(list(value)), { lines: 4, size: "rows" })}
      </section>`;
  }

  #form() {
    const chosen = query();
    const { from, to: until } = range({ mayBeAll: true });
    return html`<section class="card" aria-labelledby="make">
      <h2 id="make">Create a report</h2>
      <p class="soft">Every referral submitted ${from ? html`${days(from, until)} (UTC)` : "so far"}, with the doctor and the outcome.</p>
      <form class="filters order" @submit=${(event) => this.#order(event)}>
        ${CHOICES.map(([name, filter]) => choice(name, filter, chosen[name]))}
        <fieldset>
          <legend>Format</legend>
          <label><input type="radio" name="format" value="xlsx" checked /> Excel</label>
          <label><input type="radio" name="format" value="csv" /> CSV</label>
        </fieldset>
        <button class="button" aria-disabled=${this.isBusy}>${this.isBusy ? "One moment …" : "Create report"}</button>
      </form>
      ${this.error ? html`<p class="error" role="alert">${this.error.message}</p>` : nothing}
      <p class="soft">Reports contain doctors’ details. Keep them where only your team can read them. Files expire after one day. To print letters, go to Work.</p>
    </section>`;
  }

  #list(reports) {
    if (!reports.length) return empty("No reports yet", "Reports that you create appear here.");
    return html`<ul class="reports">
      ${repeat(
        reports,
        ({ id }) => id,
        (report) => this.#row(report),
      )}
    </ul>`;
  }

  #row(report) {
    const { kind, format, state, rows_done: done, files = [], requested_at, requested_by, expires_at: until, detail, left_out: leftOut = [] } = report;
    return html`<li>
      <div>
        <p><strong>${kind === "letters" ? "Letters" : "Referrals"}</strong> <span class="soft">${FORMATS[format]} · ${filtered(report.filter)}</span></p>
        <p class="soft">${when(requested_at)} by ${this.app.who(requested_by)}</p>
      </div>
      <div class="report-state" role="status">
        <span class="badge is-${state}">${REPORT_STATES[state]}</span>
        ${state === "running" ? html`<span class="soft">${plural(done, kind === "letters" ? "letter" : "row")} so far</span><progress aria-label="Progress"></progress>` : nothing}
        ${state === "ready" ? html`<span class="soft">${plural(done, kind === "letters" ? "letter" : "row")}${until ? html`, until ${when(until)}` : nothing}</span>` : nothing}
        ${leftOut.length ? left(leftOut) : nothing}
        ${state === "failed" ? html`<span class="soft">${REPORT_FAILURES[detail] ?? "Create the report again."}</span>` : nothing}
      </div>
      <div class="row end">
        ${state === "ready"
          ? files.map(
              (file, index) =>
                html`<button type="button" class="button plain" @click=${() => this.#fetch(report, index)}>
                  Download<span class="unseen"> ${file.name}</span> <span class="soft">${size(file.bytes)}</span>
                </button>`,
            )
          : nothing}
      </div>
    </li>`;
  }
}

/** Letters that were not printed, with reasons. */
const left = (out) =>
  html`<details class="as-table">
    <summary>${plural(out.length, "letter")} not printed</summary>
    <ul>
      ${out.map((one) => html`<li><a href=${to(`/dashboard/referrals/${one.receipt}`)}>${one.receipt}</a> <span class="soft">${reason(one.reason)}</span></li>`)}
    </ul>
  </details>`;

const list = (value) => (Array.isArray(value) ? value : (value?.reports ?? []));

function filtered(filter = {}) {
  const { from, to: until } = filter;
  const said = [from && until ? days(from, until) : "all days"];
  for (const [name, { values }] of CHOICES) if (filter[name]) said.push(values[filter[name]] ?? valueOf(name, filter[name]));
  return said.join(", ");
}

const choice = (name, { label, values }, chosen = "") =>
  html`<label>${label}
    <select name=${name}>
      <option value="">Any</option>
      ${Object.entries(values).map(([value, one]) => html`<option value=${value} .selected=${live(value === chosen)}>${one}</option>`)}
    </select>
  </label>`;
