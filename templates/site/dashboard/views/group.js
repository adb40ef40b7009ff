// The members of a group of held referrals beside each other. A manager judges them together, or one alone.
import { phone, plural } from "../format.js";
import { icon } from "../icons.js";
import { html, nothing, repeat } from "../lit.js";
import { nameFlag, when } from "../parts/rows.js";
import { empty, problem, shown } from "../parts/states.js";
import { Resource } from "../resource.js";
import { top } from "../shell.js";
import { to } from "../url.js";
import { group as groupSaid, reason, REJECTIONS } from "../words.js";
import { Acting, choices } from "./acting.js";
import { actOn, notDoneList } from "./bulk.js";
import { hospital } from "./hospital.js";

const WORK = "/dashboard/work/held";
/** The column that has what the members share. */
const SHARED = { domain: "Contact", phone: "Contact", address: "Contact", practice: "Practice", name: "Doctor", npi: "Doctor" };
const ALL = {
  approve: {
    label: "Approve all",
    done: "approved. Their doctors will be contacted",
    ask: (many) => ({
      title: `Approve ${many}?`,
      text: "The doctors will be contacted as for any other referral. Sent messages can’t be recalled.",
      yes: "Approve all",
    }),
  },
  reject: {
    label: "Reject all",
    done: "rejected. Their doctors will not be contacted",
    ask: (many) => ({
      title: `Reject ${many}?`,
      text: "The doctors will not be contacted. You can’t undo this.",
      fields: choices("reason", "Reason", REJECTIONS),
      yes: "Reject all",
      isHarsh: true,
    }),
  },
};

export class Group {
  title = "Held referrals";
  place = "work";
  progress = "";
  problem = null;
  notDone = [];

  constructor(app, name) {
    Object.assign(this, { app, name, kind: name.split("-")[0] });
    this.rows = new Resource((known) => this.#page({ known }), () => app.update());
    this.acting = new Acting(app, (after, { isDone }) => this.#acted(after, isDone));
  }

  get heading() {
    return groupSaid(this.name);
  }

  get at() {
    return this.rows.at;
  }

  open() {
    this.rows.load();
  }

  /** Only refreshes while the first page is the only one. */
  async refresh() {
    if (this.progress || (this.rows.value?.pages ?? 1) > 1) return;
    await this.rows.load({ isQuiet: true });
  }

  async #page(more) {
    const page = await this.app.api.get(`/groups/${this.name}`, { campaign: this.app.campaign, ...more });
    return page && { ...page, pages: 1 };
  }

  async #more() {
    const before = this.rows.value;
    this.problem = null;
    try {
      const next = await this.#page({ cursor: before.cursor });
      this.rows.take({ ...next, referrals: [...before.referrals, ...next.referrals], pages: before.pages + 1 });
    } catch (error) {
      this.problem = error;
      this.app.update();
    }
  }

  #acted(after, isDone) {
    const { value } = this.rows;
    const changed = value.referrals.map((one) => (one.receipt === after.receipt ? { ...one, ...after } : one));
    const referrals = isDone ? value.referrals.filter(({ receipt }) => receipt !== after.receipt) : changed;
    this.rows.take({ ...value, referrals, count: value.count - (isDone ? 1 : 0) });
    if (isDone) setTimeout(() => document.querySelector("h2[tabindex]")?.focus());
    this.app.refreshNow();
  }

  async #startAll(action) {
    const { count, is_more: isMore } = this.rows.value;
    const fields = await this.app.dialog.ask(ALL[action].ask(isMore ? `more than ${count} referrals` : plural(count, "referral")));
    if (fields) await this.#actOnAll(action, { action, ...fields });
  }

  /** Page by page until the group is empty, including referrals that arrive meanwhile. */
  async #actOnAll(action, body) {
    let done = 0;
    let cursor = null;
    Object.assign(this, { notDone: [], progress: "One moment …", problem: null });
    this.app.update();
    try {
      do {
        const page = await this.#page({ cursor });
        const result = page.referrals.length ? await actOn(this.app.api, page.referrals, body) : { done: [], notDone: [] };
        this.notDone.push(...result.notDone);
        done += result.done.length;
        cursor = page.cursor;
        this.progress = `${plural(done, "referral")} done …`;
        this.app.update();
      } while (cursor);
    } catch (error) {
      this.problem = error;
    }
    this.progress = "";
    this.app.say(`${plural(done, "referral")} ${ALL[action].done}.`);
    if (!this.notDone.length && !this.problem) return this.app.go(to(WORK));
    await this.rows.load();
    setTimeout(() => document.querySelector(this.notDone.length ? "#not-done" : "h2[tabindex]")?.focus());
  }

  render() {
    const count = this.notDone.length;
    return html`<p class="back"><a href=${to(WORK)}>${icon("back")} All held referrals</a></p>
      ${top(this)}
      <section aria-labelledby="members">
        <h2 id="members" tabindex="-1" class="unseen">Members of the group</h2>
        ${count ? notDoneList(`${plural(count, "referral")} not changed`, this.notDone) : nothing}
        ${this.problem ? problem(this.problem, () => this.rows.load()) : nothing}
        ${shown(this.rows, (value) => this.#whole(value), { lines: 6, size: "rows" })}
      </section>`;
  }

  #whole(value) {
    const { referrals, cursor, count, is_more: isMore } = value;
    if (!referrals.length && !cursor) return html`<div class="card">${empty("No referrals in this group", "All are decided.")}</div>`;
    return html`
      <div class="row between posting">
        <p><strong>${isMore ? `More than ${plural(count, "referral")}` : plural(count, "referral")}</strong> <span class="soft">Nothing is sent until you decide. Oldest first.</span></p>
        ${this.app.isManager
          ? html`<div class="row">
              <span role="status" class="soft">${this.progress}</span>
              ${Object.entries(ALL).map(
                ([action, { label }]) =>
                  html`<button type="button" class="button ${action === "reject" ? "" : "plain"}" aria-disabled=${Boolean(this.progress)}
                    @click=${() => this.progress || this.#startAll(action)}>${label} …</button>`,
              )}
            </div>`
          : nothing}
      </div>
      ${hospital(this.app, value, () => this.rows.load())}
      <div class="card flush">
        <table class="members">
          <caption class="unseen">${this.heading}</caption>
          <thead>
            <tr>
              ${["Doctor", "Contact", "Practice, ZIP code", "Received, reason"].map((name) => html`<th scope="col">${name}</th>`)}
              ${this.app.isManager ? html`<th scope="col">Decision</th>` : nothing}
            </tr>
          </thead>
          <tbody>
            ${repeat(
              referrals,
              ({ receipt }) => receipt,
              (referral) => this.#row(referral),
            )}
          </tbody>
        </table>
      </div>
      ${cursor
        ? html`<div class="further"><button type="button" class="button plain" @click=${() => this.#more()}>Show more</button></div>`
        : nothing}
    `;
  }

  #row(referral) {
    const { receipt, doctor, address, submitted_at: at } = referral;
    const shared = (column) => (SHARED[this.kind] === column ? "same" : "");
    return html`<tr>
      <th scope="row" class=${shared("Doctor")}>
        <a href=${to(`/dashboard/referrals/${receipt}`)}>${doctor.name}</a>${nameFlag(referral)}
        ${doctor.npi ? html`<span class="soft">NPI ${doctor.npi}</span>` : nothing}
      </th>
      <td class="contact ${shared("Contact")}">${doctor.email}${doctor.phone ? html`<span class="soft">${phone(doctor.phone)}</span>` : nothing}</td>
      <td class=${shared("Practice")}>${doctor.practice} ${address.postal_code ? html`<span class="soft">${address.postal_code}</span>` : nothing}</td>
      <td class="received">${when(at)} <span class="soft">${reason(referral.reason)}</span></td>
      ${this.app.isManager ? html`<td class="doing">${this.acting.render(referral)}</td>` : nothing}
    </tr>`;
  }
}
