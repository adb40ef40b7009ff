// All referrals, newest first. Filters are in the address of the page. Search terms are not, because they are personal data.
import { day, plural } from "../format.js";
import { icon } from "../icons.js";
import { html, live, nothing } from "../lit.js";
import { rangeChooser } from "../parts/range.js";
import { rows } from "../parts/rows.js";
import { empty, problem, shown } from "../parts/states.js";
import { Resource } from "../resource.js";
import { top } from "../shell.js";
import { here, query, range } from "../url.js";
import { FILTERS, plain, reason, STAGES } from "../words.js";

const NAMES = Object.keys(FILTERS);
const RECEIPT = /^[A-Z2-7]{4}(-?[A-Z2-7]{4}){3}$/i;
// Kept when the user opens a referral and returns. Never in the address, and gone when the tab is closed.
let searched = "";

/** The kind of search term, for the API. */
export function understood(text) {
  const typed = text.trim();
  if (!typed) return {};
  if (typed.includes("@")) return { email: typed };
  if (/^\d{10}$/.test(typed.replaceAll(/[\s-]/g, ""))) return { npi: typed.replaceAll(/[\s-]/g, "") };
  if (RECEIPT.test(typed)) return { receipt: typed.toUpperCase() };
  return { name: typed };
}

export class Referrals {
  title = "Referrals";
  place = "referrals";
  isLooking = false;
  problem = null;
  news = new Set();

  constructor(app) {
    this.app = app;
    this.found = new Resource((known) => this.#ask(known), () => app.update());
  }

  get at() {
    return this.found.at;
  }

  open() {
    this.asked = this.#filter();
    this.news.clear();
    this.problem = null;
    this.found.load();
  }

  changed() {
    if (JSON.stringify(this.#filter()) !== JSON.stringify(this.asked)) this.open();
  }

  /** Loads the first page again. The other pages stay as they are. */
  async refresh() {
    const before = this.found.value;
    if (!before || before.pages === 1) return this.found.load({ isQuiet: true });
    const first = await this.app.api.post("/referrals/search", this.#question({ known: before.mark })).catch(() => null);
    if (!first || this.found.value !== before) return;
    const fresh = new Map(first.referrals.map((one) => [one.receipt, one]));
    this.#noteNews(first.referrals);
    const rest = before.referrals.filter(({ receipt }) => !fresh.has(receipt));
    this.found.take({ ...before, mark: first.mark, referrals: [...fresh.values(), ...rest] });
  }

  #filter() {
    const { from, to } = range({ mayBeAll: true });
    const chosen = query();
    return { from, to, ...Object.fromEntries(NAMES.map((name) => [name, chosen[name]])) };
  }

  #question(more = {}) {
    const asked = { campaign: this.app.campaign, ...this.#filter(), ...understood(searched), ...more };
    return Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
  }

  async #ask(known) {
    const found = await this.app.api.post("/referrals/search", this.#question({ known }));
    if (!found) return null;
    this.#noteNews(found.referrals);
    return { ...found, pages: 1 };
  }

  #noteNews(referrals) {
    const known = this.found.value?.referrals;
    if (!known || this.found.isLoading) return;
    const before = new Set(known.map(({ receipt }) => receipt));
    this.news = new Set(referrals.map(({ receipt }) => receipt).filter((receipt) => !before.has(receipt)));
  }

  async #more() {
    const before = this.found.value;
    Object.assign(this, { isLooking: true, problem: null });
    this.app.update();
    try {
      const next = await this.app.api.post("/referrals/search", this.#question({ cursor: before.cursor }));
      if (this.found.value !== before) return;
      const known = new Set(before.referrals.map(({ receipt }) => receipt));
      const added = next.referrals.filter(({ receipt }) => !known.has(receipt));
      this.found.take({ ...next, mark: before.mark, referrals: [...before.referrals, ...added], pages: before.pages + 1 });
      this.app.say(added.length ? `${plural(added.length, "more referral")} found.` : "No more referrals found.");
    } catch (error) {
      this.problem = error;
    } finally {
      this.isLooking = false;
      this.app.update();
    }
  }

  #search(event) {
    event.preventDefault();
    searched = event.target.elements.searched.value;
    this.found.forget();
    this.open();
  }

  #clear(event) {
    if (event.target.value || !searched) return;
    searched = "";
    this.open();
  }

  render() {
    return html`${top(this, rangeChooser(this.app, { mayBeAll: true }))} ${this.#tools()}
      <section class="card flush" aria-label="Referrals found">
        ${shown(this.found, (found) => this.#list(found), { lines: 8, size: "rows" })}
      </section>`;
  }

  #tools() {
    const label = this.app.isManager ? "Doctor’s name, email address, NPI, or receipt" : "Receipt";
    return html`<div class="tools">
      <form role="search" @submit=${(event) => this.#search(event)}>
        <label for="searched">${label}</label>
        <div class="row">
          <input id="searched" name="searched" type="search" autocomplete="off" spellcheck="false" maxlength="254"
            .value=${live(searched)} @input=${(event) => this.#clear(event)} />
          <button class="button plain">${icon("search")} Search</button>
        </div>
      </form>
      <div class="filters" role="group" aria-label="Filters">
        ${NAMES.map((name) => this.#choice(name, FILTERS[name]))}
      </div>
      ${NAMES.some((name) => query()[name]) || searched
        ? html`<button type="button" class="quiet" @click=${() => this.#clearAll()}>Clear all</button>`
        : nothing}
    </div>`;
  }

  #clearAll() {
    searched = "";
    this.found.forget();
    this.app.go(here(Object.fromEntries(NAMES.map((name) => [name, null]))));
    this.open();
  }

  #choice(name, { label, values }) {
    const chosen = query()[name] ?? "";
    return html`<label>${label}
      <select @change=${(event) => this.app.go(here({ [name]: event.target.value }))}>
        <option value="" .selected=${live(!chosen)}>Any</option>
        ${Object.entries(values).map(
          ([value, one]) => html`<option value=${value} .selected=${live(value === chosen)}>${one}</option>`,
        )}
      </select>
    </label>`;
  }

  #list(found) {
    const { referrals, cursor, searched_back_to: backTo } = found;
    const none = backTo
      ? empty("No referrals found yet", "Earlier days have not been searched.")
      : empty("No referrals found", "Remove a filter, or choose a longer period.");
    return html`
      <p class="soft tally" role="status">${referrals.length ? said(referrals.length, cursor, this.asked) : nothing}</p>
      ${referrals.length ? rows("Referrals, newest first", referrals, this.news) : none}
      ${this.problem ? problem(this.problem, () => this.#more()) : nothing}
      ${cursor ? this.#further(backTo) : nothing}
    `;
  }

  #further(backTo) {
    const label = backTo ? "Keep searching" : "Show more";
    return html`<div class="further">
      ${backTo ? html`<p>Searched back to <strong>${day(backTo)}, ${backTo.slice(0, 4)}</strong>.</p>` : nothing}
      <button type="button" class="button plain" aria-disabled=${this.isLooking} @click=${() => this.isLooking || this.#more()}>
        ${this.isLooking ? "Searching …" : label}
      </button>
    </div>`;
  }
}

function said(count, cursor, { stage, reason: why }) {
  const what = [stage && (STAGES[stage]?.name ?? plain(stage)).toLowerCase(), why && reason(why).toLowerCase()].filter(Boolean);
  return `${plural(count, "referral")}${cursor ? " so far" : ""}${what.length ? `, ${what.join(", ")}` : ""}, newest first`;
}
