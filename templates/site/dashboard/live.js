// Refreshes the data every 20 seconds while the tab is visible, and at once when it becomes visible again.
const EVERY = 20_000;

export class Live {
  #refresh;
  #timer = 0;

  constructor(refresh) {
    this.#refresh = refresh;
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("online", () => this.#seen());
  }

  start() {
    clearTimeout(this.#timer);
    if (document.visibilityState === "visible") this.#timer = setTimeout(() => this.now(), EVERY);
  }

  async now() {
    clearTimeout(this.#timer);
    try {
      if (navigator.onLine) await this.#refresh();
    } finally {
      this.start();
    }
  }

  #seen() {
    if (document.visibilityState === "visible") this.now();
    else clearTimeout(this.#timer);
  }
}
