// One referral: the doctor, the timeline, the sent messages and the actions.
import { cityLine, phone } from "../format.js";
import { icon } from "../icons.js";
import { html, nothing } from "../lit.js";
import { nameFlag, stageBadge, when } from "../parts/rows.js";
import { shown, skeleton } from "../parts/states.js";
import { Resource } from "../resource.js";
import { top } from "../shell.js";
import { query, here, to } from "../url.js";
import { ANSWERS, CALL_TIMES, plain, reason, STAGES, step, valueOf } from "../words.js";
import { Acting } from "./acting.js";
import { comparison, mustCompare } from "./comparison.js";
import { message } from "./message.js";
import { timeline } from "./timeline.js";

export class Referral {
  place = "referrals";
  isPlain = false;
  copies = new Map();

  constructor(app, receipt) {
    this.app = app;
    this.receipt = receipt;
    this.detail = new Resource((known) => app.api.get(`/referrals/${receipt}`, { known }), () => this.#loaded());
    this.matches = new Resource(() => app.api.get(`/referrals/${receipt}/matches`), () => app.update());
    this.acting = new Acting(app, (after) => this.#acted(after));
  }

  // The browser's history must not contain the doctor's name.
  get title() {
    return `Referral ${this.receipt}`;
  }

  get heading() {
    return this.detail.value?.doctor.name ?? `Referral ${this.receipt}`;
  }

  get at() {
    return this.detail.at;
  }

  open() {
    this.detail.load();
    this.changed();
  }

  changed() {
    const { message: name } = query();
    if (!name || !this.app.isManager || this.copies.has(name)) return;
    const copy = new Resource(() => this.app.api.get(`/referrals/${this.receipt}/messages/${encodeURIComponent(name)}`), () => this.app.update());
    this.copies.set(name, copy);
    copy.load();
  }

  #loaded() {
    const { value } = this.detail;
    if (value && mustCompare(value) && this.comparedRevision !== value.revision) {
      this.comparedRevision = value.revision;
      this.matches.load();
    }
    this.app.update();
  }

  refresh() {
    return this.detail.load({ isQuiet: true });
  }

  #acted(after) {
    this.detail.take({ ...this.detail.value, ...after });
    this.app.refreshNow();
  }

  render() {
    return html`<p class="back"><a href=${to("/dashboard/referrals")}>${icon("back")} All referrals</a></p>
      ${top(this)} ${shown(this.detail, (detail) => this.#whole(detail), { lines: 10, size: "tall" })}`;
  }

  #whole(detail) {
    return html`
      <section class="verdict" aria-label="Current state">
        <p>${stageBadge(detail.stage)} ${stands(detail)}</p>
        ${this.acting.render(detail)}
      </section>
      ${mustCompare(detail) ? comparison(this.app, detail, this.matches, this.acting) : nothing}
      <div class="columns uneven">
        <div class="stack">
          <section class="card" aria-labelledby="happened">
            <h2 id="happened">What happened</h2>
            ${timeline(this.app, detail.timeline)}
          </section>
          ${detail.messages.length ? this.#messages(detail.messages) : nothing}
        </div>
        <section class="card" aria-labelledby="doctor">
          <h2 id="doctor">The doctor</h2>
          ${nameFlag(detail)}
          ${doctor(detail)}
        </section>
      </div>
    `;
  }

  #messages(messages) {
    const { message: chosen } = query();
    return html`<section class="card" aria-labelledby="messages">
      <h2 id="messages">Messages to the doctor</h2>
      <ul class="messages">
        ${messages.map((one) => {
          const isShown = chosen === one.step;
          const mayLook = this.app.isManager && one.has_copy;
          return html`<li>
            <div class="row between">
              <p>
                <strong>${step(one.step)}</strong>
                <span class="soft">${when(one.sent_at)}, wording version ${one.version || "–"}${one.content_hash ? html` (<code>${one.content_hash.slice(0, 8)}</code>)` : nothing}</span>
              </p>
              ${mayLook
                ? html`<a class="button plain" data-in-place aria-expanded=${isShown} role="button" href=${here({ message: isShown ? null : one.step })}
                    >${isShown ? "Hide" : "Show"}<span class="unseen"> the ${step(one.step)}</span></a
                  >`
                : this.app.isManager
                  ? html`<span class="soft">No copy is stored</span>`
                  : nothing}
            </div>
            ${isShown && mayLook ? this.#copy(one) : nothing}
          </li>`;
        })}
      </ul>
    </section>`;
  }

  #copy(one) {
    const copy = this.copies.get(one.step);
    if (!copy) return skeleton(6, "tall");
    const choose = (isPlain) => {
      this.isPlain = isPlain;
      this.app.update();
    };
    return shown(copy, (value) => message({ sent_at: one.sent_at, ...value }, { isPlain: this.isPlain, choose }), { lines: 6, size: "tall" });
  }
}

/** The fact after which a complaint or an opt-out no longer counts. */
const TAKEN_BACK = { complained: "complaint_taken_back", opted_out: "opted_in" };

function stands({ stage, reason: why, answer, leader, due_at: due, milestones }) {
  const said = stage === "closed" && why ? [] : [STAGES[stage]?.means];
  if (why) said.unshift(reason(why));
  return html`<strong>${sentence(said.shift())}</strong>${said.length ? html` <span class="soft">${said.join(", ")}</span>` : nothing}
    ${TAKEN_BACK[why] in milestones ? html`<span class="badge">Taken back</span>` : nothing}
    ${answer ? html`<span class="badge">${ANSWERS[answer] ?? answer}</span>` : nothing}
    ${leader && stage !== "held" ? html`<a href=${to(`/dashboard/referrals/${leader}`)}>${why in TAKEN_BACK ? "through another referral" : "the leading referral"}</a>` : nothing}
    ${due && stage !== "closed" ? html`<span class="soft">· next check ${when(due)}</span>` : nothing}`;
}

const sentence = (text = "") => text.charAt(0).toUpperCase() + text.slice(1);

function doctor({ receipt, doctor: known, callback, address, typed, specialty, source, language, state, submitted_at }) {
  const lines = address ? [address.line1, address.line2, cityLine(address)] : [];
  // The specialty's group replaces the typed specialty, and the city is a part of the address.
  const { name, practice, email, phone: number, npi, city, specialty: _, ...others } = known;
  const facts = {
    Name: name,
    Practice: practice,
    Specialty: specialty && specialty !== "none" ? valueOf("specialty", specialty) : null,
    "Email": email,
    Phone: phone(number),
    "Call back": [phone(callback?.phone), CALL_TIMES[callback?.time] ?? callback?.time].filter(Boolean).join(", "),
    NPI: npi,
    ...Object.fromEntries(Object.entries(others).map(([other, value]) => [plain(other), value])),
    Address: lines.filter(Boolean).join(", ") || [city, state === "none" ? null : state].filter(Boolean).join(", "),
    "Submitted by": { patient: "The patient", caregiver: "A caregiver" }[source] ?? source,
    Language: valueOf("language", language),
    Submitted: submitted_at && when(submitted_at),
    Receipt: html`<code>${receipt}</code>`,
  };
  const other = Object.entries(typed ?? {});
  return html`<dl class="facts">
      ${Object.entries(facts)
        .filter(([, value]) => value)
        .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
    ${other.length
      ? html`<details class="as-table">
          <summary>As entered in the form</summary>
          <dl class="facts">${other.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
        </details>`
      : nothing}`;
}
