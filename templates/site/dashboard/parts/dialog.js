// Asks one question at a time in a <dialog>, which traps the focus and restores it.
import { html, nothing } from "../lit.js";

export class Ask {
  #changed;
  #question = null;
  #resolve = null;

  constructor(changed) {
    this.#changed = changed;
  }

  /** Asks, and resolves to the fields of the form, or to null if canceled. */
  ask(question) {
    this.#question = question;
    this.#changed();
    // After the render, which is the microtask before.
    queueMicrotask(() => {
      const dialog = document.querySelector("dialog");
      if (dialog && !dialog.open) dialog.showModal();
    });
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  #close(fields) {
    document.querySelector("dialog")?.close();
    this.#question = null;
    this.#resolve?.(fields);
    this.#resolve = null;
    this.#changed();
  }

  #submitted(event) {
    event.preventDefault();
    this.#close(Object.fromEntries(new FormData(event.target)));
  }

  render() {
    const asked = this.#question;
    if (!asked) return nothing;
    return html`<dialog aria-labelledby="asked" @cancel=${(event) => (event.preventDefault(), this.#close(null))}>
      <form @submit=${(event) => this.#submitted(event)}>
        <h2 id="asked">${asked.title}</h2>
        <p>${asked.text}</p>
        ${asked.fields ?? nothing}
        <p class="row end">
          <button type="button" class="button plain" @click=${() => this.#close(null)}>Cancel</button>
          <button type="submit" class="button ${asked.isHarsh ? "harsh" : ""}">${asked.yes}</button>
        </p>
      </form>
    </dialog>`;
  }
}
