// Letters: prints all waiting letters into one PDF, and marks letters as posted.
import { plural } from "../format.js";
import { html, live, nothing } from "../lit.js";
import { to } from "../url.js";

export class Posting {
  #app;
  #work;
  #chosen = new Set();
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

  /** Marks them one by one, so that a failure does not affect the others. */
  async #post(referrals) {
    let done = 0;
    for (const [index, referral] of referrals.entries()) {
      this.progress = `Marking ${index + 1} of ${referrals.length} …`;
      this.#app.update();
      if (await this.#work.acting.act(referral, "letter_sent", {}, { isQuiet: true })) done += 1;
    }
    this.progress = "";
    const left = referrals.length - done;
    this.#app.say(`${plural(done, "letter")} marked as posted.${left ? ` ${left} could not be marked: see the message on each.` : ""}`);
    if (!left) document.querySelector("h2[tabindex]")?.focus();
    await this.#app.refreshNow();
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

const mayBePosted = ({ actions = [] }) => actions.includes("letter_sent");
