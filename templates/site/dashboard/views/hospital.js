// Mail domains of hospitals: a manager confirms one, or takes that back. Then the limit per mail domain does not apply.
import { html, nothing } from "../lit.js";

/** For the group of a mail domain. `changed` loads it again. */
export function hospital(app, { referrals, hospital_domain: isHospital }, changed) {
  const address = referrals.find(({ doctor }) => doctor.email)?.doctor.email;
  if (isHospital == null || !app.isManager || !address) return nothing;
  const domain = address.split("@").pop();
  return html`<p class="notice">
    <span>${isHospital ? `You can take back that ${domain} belongs to a hospital.` : `Is ${domain} a hospital? Its doctors share the domain, so it needs no limit.`}</span>
    <button type="button" class="button plain" @click=${() => ask(app, domain, !isHospital, changed)}>
      ${isHospital ? "Take back …" : "This domain belongs to a hospital …"}
    </button>
  </p>`;
}

async function ask(app, domain, isHospital, changed) {
  const question = isHospital
    ? {
        title: `Does ${domain} belong to a hospital?`,
        text: "Then any number of its doctors is contacted without a review. The referrals of this group still wait for your decision.",
        yes: "It is a hospital",
      }
    : {
        title: `Take back that ${domain} belongs to a hospital?`,
        text: "Then only some of its doctors are contacted each day without a review.",
        yes: "Take back",
      };
  if (!(await app.dialog.ask(question))) return;
  await save(app, domain, isHospital);
  changed();
}

async function save(app, domain, isHospital) {
  try {
    await app.api.put("/mail-domains", { domain, is_hospital: isHospital });
    app.say(isHospital ? `${domain} has no limit now.` : `${domain} has a limit again.`);
    return "";
  } catch (error) {
    app.say(error.message);
    return error.message;
  }
}

/** For the settings: any domain, also before its limit is reached. */
export class HospitalDomains {
  error = "";

  constructor(app) {
    this.app = app;
  }

  async #save(event) {
    event.preventDefault();
    const { domain } = event.target.elements;
    this.error = await save(this.app, domain.value.trim(), event.submitter.value === "confirm");
    if (!this.error) domain.value = "";
    this.app.update();
  }

  render() {
    return html`<section class="card" aria-labelledby="hospitals">
      <h2 id="hospitals">Mail domains of hospitals</h2>
      <p>Above a daily number of doctors at one mail domain, referrals wait for a review. A hospital’s domain has no such limit.</p>
      <form class="inline" novalidate @submit=${(event) => this.#save(event)}>
        <label for="mail-domain">Mail domain</label>
        ${this.error ? html`<p class="error" id="mail-domain-error" role="alert">${this.error}</p>` : nothing}
        <input id="mail-domain" name="domain" placeholder="hospital.example" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="253"
          aria-invalid=${this.error ? "true" : nothing} aria-describedby=${this.error ? "mail-domain-error" : nothing} />
        <div class="row">
          <button class="button" value="confirm">It is a hospital</button>
          <button class="button plain" value="take-back">Take back</button>
        </div>
      </form>
    </section>`;
  }
}
