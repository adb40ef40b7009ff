// A manager's actions on a referral: asks before an action that can't be undone, and shows the result, or what another user
// did first.
import { html, nothing } from "../lit.js";
import { ANSWERS, CHANNELS, happened, REJECTIONS, TAKE_BACK_REASONS } from "../words.js";

const ACTIONS = {
  approve: {
    label: "Approve",
    isMain: true,
    done: "Approved. The message will be sent.",
    ask: ({ doctor }) => ({
      title: `Approve the referral of ${doctor.name}?`,
      text: "The doctor will be contacted as for any other referral. A sent message can’t be recalled.",
      yes: "Approve",
    }),
  },
  reject: {
    label: "Reject",
    done: "Rejected. The doctor will not be contacted.",
    ask: ({ doctor }) => ({
      title: `Reject the referral of ${doctor.name}?`,
      text: "The doctor will not be contacted. You can’t undo this.",
      fields: choices("reason", "Reason", REJECTIONS),
      yes: "Reject",
      isHarsh: true,
    }),
  },
  retry: {
    label: "Try again",
    isMain: true,
    done: "Queued again. It will be sent in a moment.",
    ask: ({ reason }) =>
      mayHaveReached(reason) && {
        title: "Send it again?",
        text: "The doctor may already have this message. If so, they will get it twice.",
        yes: "Send again",
        isHarsh: true,
      },
    also: ({ reason }) => (mayHaveReached(reason) ? { again: true } : {}),
  },
  letter_sent: { label: "Letter posted", isMain: true, done: "Letter marked as posted." },
  called: { label: "Called", done: "Call recorded." },
  add_email: { label: "Add email …", done: "Email address added. The message will be sent in a moment." },
  same_doctor: { label: "Same doctor", done: "Recorded as the same doctor." },
  another_doctor: { label: "Another doctor", done: "Recorded as another doctor, who will be contacted." },
  doctor_answered: {
    label: "Answered",
    done: "Answer recorded.",
    ask: ({ doctor }) => ({
      title: `Record an answer by ${doctor.name}`,
      text: "Record an answer that came by reply, by letter, by phone or in person.",
      fields: html`${choices("answer", "Answer", ANSWERS)} ${choices("channel", "How did the doctor answer?", CHANNELS)}`,
      yes: "Record answer",
    }),
  },
  wants_no_more: {
    label: "Wants no more",
    done: "Opt-out recorded. The doctor will not be contacted again.",
    ask: ({ doctor }) => ({
      title: `Record an opt-out by ${doctor.name}?`,
      text: "The doctor will get no more emails, letters or calls.",
      fields: html`${choices("channel", "How did the doctor tell you?", CHANNELS)} ${choices("scope", "Opt-out from", SCOPES)}`,
      yes: "Record opt-out",
      isHarsh: true,
    }),
    fields: ({ channel, scope }) => ({ channel, only_campaign: scope === "campaign" }),
  },
  wants_messages: {
    label: "Wants messages again",
    done: "Recorded. New referrals can reach the doctor again, unless a complaint is recorded, too.",
    ask: ({ doctor }) => ({
      title: `Does ${doctor.name} want messages again?`,
      text: "Record this only if the doctor told you. All opt-outs of this doctor end. This referral stays closed, and new ones can reach the doctor.",
      fields: choices("channel", "How did the doctor tell you?", CHANNELS),
      yes: "Record",
    }),
  },
  take_back: {
    label: ({ reason }) => (reason === "complained" ? "Take back complaint" : "Take back opt-out"),
    done: ({ reason }) =>
      reason === "complained"
        ? "Taken back. Ask your administrator to remove the email address from the suppression list of Amazon SES."
        : "Taken back. New referrals can reach the doctor again, unless the doctor opted out in another way.",
    ask: ({ reason, doctor }) => (reason === "complained" ? askAboutComplaint(doctor) : askAboutOptOut(doctor)),
  },
  undo_comparison: {
    label: "Take back comparison",
    done: "The comparison is taken back.",
    ask: ({ milestones }) => ({
      title: "Take back the comparison?",
      text: milestones.sent
        ? "The doctors will be compared again for later messages. A sent message can’t be recalled."
        : "If the doctor was not told, this referral is held again until you decide. A sent message can’t be recalled.",
      yes: "Take back",
    }),
  },
  called_back: { label: "Called back", isMain: true, done: "Callback recorded." },
  send_information: { label: "Send information", isMain: true, done: "The information will be sent in a moment." },
  information_sent: { label: "Information sent", done: "Information marked as sent." },
};

const askAboutComplaint = (doctor) => ({
  title: `Take back the complaint of ${doctor.name}?`,
  text: "The complaint stays recorded, but no longer stops messages. This referral stays closed, and new ones can reach the doctor. Amazon SES may still block the email address: ask your administrator to remove it from the suppression list.",
  fields: choices("reason", "Why does it not count?", pick(TAKE_BACK_REASONS, ["not_the_doctor", "by_mistake", "doctor_asked"])),
  yes: "Take back the complaint",
  isHarsh: true,
});

const askAboutOptOut = (doctor) => ({
  title: `Take back the opt-out of ${doctor.name}?`,
  text: "The opt-out stays recorded, but no longer stops messages. This referral stays closed, and new ones can reach the doctor. If the doctor told you, choose “Wants messages again” instead.",
  fields: choices("reason", "Why does it not count?", pick(TAKE_BACK_REASONS, ["not_the_doctor", "wrong_doctor"])),
  yes: "Take back the opt-out",
  isHarsh: true,
});

const wordsFor = (referral, words) => (typeof words === "function" ? words(referral) : words);

const pick = (values, names) => Object.fromEntries(names.map((name) => [name, values[name]]));

const mayHaveReached = (reason) => ["send_unclear", "restored", "bounce_undetermined"].includes(reason);

/** The actions that need another referral to compare with. */
const COMPARISONS = ["same_doctor", "another_doctor"];

const SCOPES = { all: "All messages from us", campaign: "Only this campaign" };

export const choices = (field, legend, values) =>
  html`<fieldset class="choices">
    <legend>${legend}</legend>
    ${Object.entries(values).map(
      ([value, name], index) =>
        html`<label><input type="radio" name=${field} value=${value} required ?autofocus=${index === 0} /> ${name}</label>`,
    )}
  </fieldset>`;

/** Keeps the running action and the error of each referral. `done` gets the referral after an action. */
export class Acting {
  #app;
  #done;
  #states = new Map();

  constructor(app, done) {
    this.#app = app;
    this.#done = done;
  }

  #note(receipt, change) {
    this.#states.set(receipt, { ...this.#states.get(receipt), ...change });
    this.#app.update();
  }

  async #start(referral, name) {
    const { ask, also, fields: read } = ACTIONS[name];
    if (name === "add_email") return this.#openForm(referral.receipt);
    const question = ask?.(referral);
    const fields = question ? await this.#app.dialog.ask(question) : {};
    if (fields) await this.act(referral, name, { ...(read?.(fields) ?? fields), ...also?.(referral) });
  }

  #openForm(receipt) {
    this.#note(receipt, { isOpen: true, error: "" });
    setTimeout(() => document.getElementById(`email-${receipt}`)?.focus());
  }

  async act(referral, action, fields = {}) {
    const { receipt, revision } = referral;
    if (this.#states.get(receipt)?.busy) return;
    this.#note(receipt, { busy: action, error: "", changed: "" });
    try {
      const after = await this.#app.api.post(`/referrals/${receipt}/actions`, { action, revision, ...fields });
      this.#states.delete(receipt);
      this.#app.say(wordsFor(referral, ACTIONS[action].done));
      this.#done(after, { isDone: true });
    } catch (error) {
      this.#failed(receipt, error);
    } finally {
      if (this.#states.has(receipt)) this.#note(receipt, { busy: "" });
      this.#app.update();
    }
  }

  #failed(receipt, error) {
    if (error.status === 409 && error.body.referral) {
      this.#note(receipt, { changed: said(this.#app, error.body), isOpen: false });
      return this.#done(error.body.referral, { isDone: false });
    }
    this.#note(receipt, { error: error.body?.errors?.[0]?.message ?? error.message });
    document.getElementById(`email-${receipt}`)?.focus();
  }

  /** The buttons of the actions that the API offers this user. A viewer gets none. */
  render(referral) {
    const { receipt, actions = [] } = referral;
    const state = this.#states.get(receipt) ?? {};
    const known = actions.filter((name) => name in ACTIONS && !COMPARISONS.includes(name));
    return html`
      ${state.changed ? html`<p class="notice" role="status">${state.changed}</p>` : nothing}
      ${known.length
        ? html`<div class="row actions" role="group" aria-label="Actions for ${referral.doctor.name}">
            ${known.map((name) => this.#button(referral, name, state))}
          </div>`
        : nothing}
      ${state.isOpen && known.includes("add_email") ? this.#form(referral, state) : nothing}
      ${state.error && !state.isOpen ? html`<p class="error" role="alert">${state.error}</p>` : nothing}
    `;
  }

  /** The buttons that compare the doctor with another referral's. */
  compare(referral, other) {
    const { busy } = this.#states.get(referral.receipt) ?? {};
    return html`<div class="row actions" role="group" aria-label="Compared with ${other}">
      ${COMPARISONS.filter((name) => referral.actions.includes(name)).map(
        (name) =>
          html`<button type="button" class="button ${name === "same_doctor" ? "" : "plain"}" aria-disabled=${Boolean(busy)}
            @click=${() => busy || this.act(referral, name, { others: [other] })}>${busy === name ? "One moment …" : ACTIONS[name].label}</button>`,
      )}
    </div>`;
  }

  #button(referral, name, { busy, isOpen }) {
    const { label, isMain, ask } = ACTIONS[name];
    const question = ask?.(referral);
    const words = wordsFor(referral, label);
    return html`<button
      type="button"
      class="button ${isMain && !question?.isHarsh ? "" : "plain"}"
      aria-disabled=${Boolean(busy)}
      aria-expanded=${name === "add_email" ? Boolean(isOpen) : nothing}
      @click=${() => busy || this.#start(referral, name)}
    >
      ${busy === name ? "One moment …" : question ? `${words} …` : words}
    </button>`;
  }

  #form(referral, { error, busy }) {
    const id = `email-${referral.receipt}`;
    return html`<form class="inline" novalidate @submit=${(event) => this.#addEmail(event, referral)}>
      <label for=${id}>Doctor’s email address</label>
      ${error ? html`<p class="error" id="${id}-error" role="alert">${error}</p>` : nothing}
      <div class="row">
        <input id=${id} name="email" type="email" autocomplete="off" spellcheck="false" maxlength="254"
          aria-invalid=${error ? "true" : nothing} aria-describedby=${error ? `${id}-error` : nothing} />
        <button class="button" aria-disabled=${Boolean(busy)}>${busy ? "One moment …" : "Add and send"}</button>
        <button type="button" class="quiet" @click=${() => this.#note(referral.receipt, { isOpen: false, error: "" })}>Cancel</button>
      </div>
    </form>`;
  }

  #addEmail(event, referral) {
    event.preventDefault();
    this.act(referral, "add_email", { email: event.target.elements.email.value });
  }
}

function said(app, { changed, detail }) {
  if (!changed) return detail ?? "The referral has changed, so nothing was done. You now see its current state.";
  const what = happened(changed.what);
  const who = changed.by ? app.who(changed.by) : "another user";
  return who === "you" ? "You already took this action. It was not repeated." : `${what} by ${who} just now. Your action had no effect.`;
}
