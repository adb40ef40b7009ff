// The user's role and subscriptions.
import { zone } from "../format.js";
import { icon } from "../icons.js";
import { html, nothing } from "../lit.js";
import { top } from "../shell.js";
import { HospitalDomains } from "./hospital.js";

const ROLES = {
  viewer: "You see all numbers, and referrals without the doctor’s details.",
  manager: "You see doctors’ details, act on referrals, and create reports.",
};

export class Settings {
  title = "Settings";
  place = "settings";
  at = Date.now();
  isBusy = false;
  error = null;
  address = null;

  constructor(app) {
    this.app = app;
    this.hospitals = new HospitalDomains(app);
  }

  async refresh() {
    const me = await this.app.api.get("/me").catch(() => null);
    if (!me || this.isBusy) return;
    this.app.me = me;
    this.at = Date.now();
    this.app.update();
  }

  async #want(wanted) {
    const { app } = this;
    if (this.isBusy) return;
    Object.assign(this, { isBusy: true, error: null });
    app.update();
    try {
      const done = await app.api.put("/weekly-summary", { campaign: app.campaign, wanted });
      app.me.weekly_summary = { ...app.me.weekly_summary, [app.campaign]: done.wanted };
      this.address = done.address;
      app.say(done.wanted ? "You will get the summary every week." : "You will no longer get the summary.");
    } catch (error) {
      this.error = error;
    } finally {
      this.isBusy = false;
      app.update();
    }
  }

  render() {
    const { app } = this;
    const role = app.isManager ? "manager" : "viewer";
    const campaign = app.me.campaigns.find(({ name }) => name === app.campaign);
    const wanted = Boolean(app.me.weekly_summary?.[app.campaign]);
    return html`${top(this)}
      <div class="columns">
        <section class="card" aria-labelledby="weekly">
          <h2 id="weekly">Weekly summary</h2>
          <p>A weekly email with results, changes since last week, and open tasks.</p>
          <label class="switch">
            <input type="checkbox" role="switch" .checked=${wanted} aria-disabled=${this.isBusy}
              @click=${(event) => (event.preventDefault(), this.#want(!wanted))} />
            <span>Email me the summary for ${campaign.title}</span>
          </label>
          ${this.error ? html`<p class="error" role="alert">${this.error.message}</p>` : nothing}
          <p class="soft">${this.address && wanted ? `Sent to ${this.address}.` : "Sent to the address that you sign in with."}</p>
        </section>
        <section class="card" aria-labelledby="me">
          <h2 id="me">You</h2>
          <dl class="facts">
            <div><dt>Signed in as</dt><dd>${app.name}</dd></div>
            <div><dt>Role</dt><dd><span class="badge">${role === "manager" ? "Manager" : "Viewer"}</span></dd></div>
            <div><dt>Time zone</dt><dd>${zone()} <span class="soft">for times; days are counted in UTC</span></dd></div>
          </dl>
          <p class="soft">${ROLES[role]} Every view of a doctor’s details and every action is recorded with your name.</p>
          <button type="button" class="button plain" @click=${() => app.signIn.leave()}>${icon("out")} Sign out</button>
        </section>
        ${app.isManager ? this.hospitals.render() : nothing}
      </div>`;
  }
}
