// The list of tasks, oldest first, with the actions of each.
import { phone } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { nameFlag, stageBadge, when } from "../parts/rows.js";
import { empty, problem, shown } from "../parts/states.js";
import { Resource } from "../resource.js";
import { top } from "../shell.js";
import { to } from "../url.js";
import { ANSWERS, CALL_TIMES, group as groupSaid, KINDS, plain, reason, valueOf } from "../words.js";
import { Acting } from "./acting.js";
import { mustCompare } from "./comparison.js";
import { why } from "./deliverability.js";
import { mayBePosted, Posting } from "./posting.js";
import { resume } from "./resume.js";
import { countOf, countSaid } from "./waiting.js";

export class Work {
  title = "Work";
  place = "work";
  isLooking = false;
  problem = null;

  constructor(app, kind = "held") {
    Object.assign(this, { app, kind });
    this.rows = new Resource((known) => this.#page({ known }), () => app.update());
    this.acting = new Acting(app, (after, outcome) => this.#acted(after, outcome));
    this.posting = new Posting(app, this);
  }

  get at() {
    return this.rows.at;
  }

  open() {
    this.rows.load();
  }

  /** Only refreshes while the first page is the only one. */
  async refresh() {
    if ((this.rows.value?.pages ?? 1) > 1 || this.posting.isBusy) return;
    await this.rows.load({ isQuiet: true });
  }

  async #page(more) {
    const page = await this.app.api.get(`/work/${this.kind}`, { campaign: this.app.campaign, ...more });
    return page && { ...page, referrals: page.referrals ?? page.rows, pages: 1 };
  }

  async #more() {
    const before = this.rows.value;
    Object.assign(this, { isLooking: true, problem: null });
    this.app.update();
    try {
      const next = await this.#page({ cursor: before.cursor });
      const groups = [...(before.groups ?? []), ...(next.groups ?? [])];
      this.rows.take({ ...next, groups, referrals: [...before.referrals, ...next.referrals], pages: before.pages + 1 });
    } catch (error) {
      this.problem = error;
    } finally {
      this.isLooking = false;
      this.app.update();
    }
  }

  /** Removes the row after an action, or shows the current state if another user acted first. */
  #acted(after, { isDone }) {
    const { value } = this.rows;
    if (!isDone) {
      const referrals = value.referrals.map((one) => (one.receipt === after.receipt ? { ...one, ...after } : one));
      this.rows.take({ ...value, referrals });
      return void this.app.waiting.load({ isQuiet: true });
    }
    const place = value.referrals.findIndex(({ receipt }) => receipt === after.receipt);
    this.remove([after.receipt]);
    this.#focusNear(place);
    this.app.refreshNow();
  }

  remove(receipts) {
    const { value } = this.rows;
    this.rows.take({ ...value, referrals: value.referrals.filter(({ receipt }) => !receipts.includes(receipt)) });
    for (const receipt of receipts) this.posting.forget(receipt);
  }

  /** The pressed button is gone, so focuses the button of the next row. */
  #focusNear(place) {
    setTimeout(() => {
      const rows = document.querySelectorAll(".work-row");
      const next = rows[Math.min(place, rows.length - 1)];
      (next?.querySelector(".actions button") ?? document.querySelector("h2[tabindex]"))?.focus();
    });
  }

  render() {
    const { app, kind } = this;
    const work = app.waiting.value;
    return html`${top(this)} ${work?.paused ? this.#paused(work.paused) : nothing}
      <nav class="tabs" aria-label="Kinds of tasks">
        ${Object.entries(KINDS).map(([name, { name: label }]) => this.#tab(name, label, work))}
      </nav>
      <section aria-labelledby="kind">
        <h2 id="kind" tabindex="-1" class="unseen">${KINDS[kind].name}</h2>
        <p class="soft">${KINDS[kind].means} Oldest first.</p>
        ${this.posting.left()}
        ${shown(this.rows, (value) => this.#list(value), { lines: 6, size: "rows" })}
      </section>`;
  }

  #tab(name, label, work) {
    const count = work?.kinds[name];
    return html`<a href=${to(`/dashboard/work/${name}`)} aria-current=${name === this.kind ? "page" : nothing}>
      ${label} <span class="count ${countOf(count) ? "" : "none"}">${count == null ? "–" : countSaid(count)}</span>
    </a>`;
  }

  #paused({ reason: cause, since }) {
    return html`<div class="verdict bad">
      <p><strong>Sending is paused${since ? html` since ${when(since)}` : nothing}</strong>, ${why(cause)}. Referrals wait, and none is lost.</p>
      ${this.app.isManager
        ? html`<p class="row"><button type="button" class="button" @click=${() => resume(this.app)}>Resume sending …</button></p>`
        : nothing}
    </div>`;
  }

  #list({ groups = [], referrals, cursor }) {
    if (!referrals.length && !groups.length) return html`<div class="card">${empty("No open tasks", "New ones appear here automatically.")}</div>`;
    const mayPost = this.kind === "by_post" && this.app.isManager;
    return html`
      ${mayPost ? this.posting.render(referrals) : nothing}
      <ul class="work-list">
        ${repeat(
          groups,
          ({ name }) => name,
          (group) => groupRow(group),
        )}
        ${repeat(
          referrals,
          ({ receipt }) => receipt,
          (referral) => this.#row(referral, mayPost),
        )}
      </ul>
      ${this.problem ? problem(this.problem, () => this.#more()) : nothing}
      ${cursor
        ? html`<div class="further">
            <button type="button" class="button plain" aria-disabled=${this.isLooking} @click=${() => this.isLooking || this.#more()}>
              ${this.isLooking ? "Loading …" : "Show more"}
            </button>
          </div>`
        : nothing}
    `;
  }

  #row(referral, mayPost) {
    const { receipt, doctor, state, specialty, waiting_since: since, answer, callback } = referral;
    const callable = callback?.phone ?? doctor.phone;
    const where = [doctor.practice, doctor.city, state === "none" ? null : state, specialty === "none" ? null : valueOf("specialty", specialty)];
    return html`<li class="card work-row">
      ${mayPost ? this.posting.box(referral) : nothing}
      <div class="who">
        <h3><a href=${to(`/dashboard/referrals/${receipt}`)}>${doctor.name}</a></h3>
        ${nameFlag(referral)}
        <p class="soft">${where.filter(Boolean).join(" · ")}</p>
        ${this.kind === "information" && this.app.isManager && doctor.email
          ? html`<p><a href="mailto:${doctor.email}">${doctor.email}</a></p>`
          : nothing}
        ${["call", "by_post"].includes(this.kind) && callable ? html`<p><a href="tel:${callable}">${phone(callable)}</a></p>` : nothing}
        ${callback?.time ? html`<p>${CALL_TIMES[callback.time] ?? plain(callback.time)}</p>` : nothing}
      </div>
      <div class="cause">
        <p>
          <strong>${cause(this.kind, referral, answer)}</strong>
        </p>
        ${since ? html`<p class="soft">Waiting since ${when(since)}</p>` : nothing}
      </div>
      <div class="doing">${compare(referral)}${this.acting.render(referral)}</div>
    </li>`;
  }
}

/** Many referrals that have something in common, as one row. */
const groupRow = (group) => {
  const address = to(`/dashboard/work/held/${group.name}`);
  return html`<li class="card work-row">
    <div class="who">
      <h3><a href=${address}>${countSaid(group)} referrals</a></h3>
    </div>
    <div class="cause">
      <p><strong>${groupSaid(group.name)}</strong></p>
      <p class="soft">Waiting since ${when(group.since)}</p>
    </div>
    <div class="doing"><div class="row actions"><a class="button" href=${address}>Review together</a></div></div>
  </li>`;
};

function compare(referral) {
  if (!mustCompare(referral)) return nothing;
  return html`<a class="button" href=${to(`/dashboard/referrals/${referral.receipt}`)}>Compare doctors</a>`;
}

function cause(kind, referral, answer) {
  if (kind in ANSWERS) return ANSWERS[answer ?? kind];
  if (kind === "by_post") {
    if (referral.actions.length && !mayBePosted(referral)) return `Call: ${reason("no_postal_address").toLowerCase()}`;
    const way = referral.doctor.phone ? "Letter or call" : "Letter";
    return !referral.reason || referral.reason === "no_email" ? way : `${way}: ${reason(referral.reason).toLowerCase()}`;
  }
  return referral.reason ? reason(referral.reason) : stageBadge(referral.stage);
}
