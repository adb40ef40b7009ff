// Letters: prints all waiting letters into one PDF, and marks posted letters together.
import { plural } from "../format.js";
import { html, live, nothing } from "../lit.js";
import { to } from "../url.js";
import { AT_ONCE, actOn, notDoneList } from "./bulk.js";

export class Posting {
  #app;
  #work;
  #chosen = new Set();
  #notDone = [];
  progress = "";

  constructor(app, work) {
    this.#app = app;
    this.#work = work;
  }

  get isBusy() {
    return Boolean(this.progress);
  }

  forget(receipt) {
    this.#chosen.delete(receipt);
  }

  #choose(receipt, isChosen) {
    this.#chosen[isChosen ? "add" : "delete"](receipt);
    this.#app.update();
  }

  #chooseAll(referrals, isChosen) {
    for (const { receipt } of referrals.filter(mayBePosted)) this.#chosen[isChosen ? "add" : "delete"](receipt);
    this.#app.update();
  }

  box({ receipt, doctor, ...rest }) {
    if (!mayBePosted(rest)) return nothing;
    return html`<label class="pick">
      <input type="checkbox" .checked=${live(this.#chosen.has(receipt))} @change=${(event) => this.#choose(receipt, event.target.checked)} />
      <span class="unseen">Select ${doctor.name}</span>
    </label>`;
  }

  render(referrals) {
    const may = referrals.filter(mayBePosted);
    const chosen = may.filter(({ receipt }) => this.#chosen.has(receipt));
    return html`<div class="row between posting">
      <label class="row">
        <input type="checkbox" .checked=${live(may.length > 0 && chosen.length === may.length)}
          .indeterminate=${live(chosen.length > 0 && chosen.length < may.length)}
          @change=${(event) => this.#chooseAll(may, event.target.checked)} />
        Select all shown
      </label>
      <div class="row">
        ${chosen.length
          ? html`<button type="button" class="button" aria-disabled=${this.isBusy} @click=${() => this.isBusy || this.#post(chosen)}>
              Mark ${plural(chosen.length, "letter")} as posted
            </button>`
          : nothing}
        <button type="button" class="button plain" @click=${() => this.#print()}>Print letters (PDF)</button>
        <span role="status" class="soft">${this.progress || (chosen.length ? `${chosen.length} selected` : "")}</span>
      </div>
    </div>`;
  }

  /** What the last bulk action could not do. It stays visible when no task is left. */
  left() {
    const count = this.#notDone.length;
    return count ? notDoneList(`${plural(count, "letter")} not marked as posted`, this.#notDone) : nothing;
  }

  async #post(referrals) {
    this.#notDone = [];
    let done = 0;
    for (let start = 0; start < referrals.length; start += AT_ONCE) {
      this.progress = `Marking ${start + 1} of ${referrals.length} …`;
      this.#app.update();
      const result = await actOn(this.#app.api, referrals.slice(start, start + AT_ONCE), { action: "letter_sent" });
      this.#work.remove(result.done);
      this.#notDone.push(...result.notDone);
      done += result.done.length;
    }
    this.progress = "";
    this.#app.say(`${plural(done, "letter")} marked as posted.`);
    await this.#app.refreshNow();
    setTimeout(() => document.querySelector(this.#notDone.length ? "#not-done" : "h2[tabindex]")?.focus());
  }

  async #print() {
    const filter = { stage: "by_post" };
    try {
      await this.#app.api.post("/reports", { kind: "letters", format: "pdf", campaign: this.#app.campaign, filter });
      this.#app.say("Preparing the letters.");
      this.#app.go(to("/dashboard/reports"));
    } catch (error) {
      this.#app.say(error.message);
    }
  }
}

export const mayBePosted = ({ actions = [] }) => actions.includes("letter_sent");
