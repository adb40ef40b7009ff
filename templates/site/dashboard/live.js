// Keeps what is on the screen fresh: every 20 seconds while somebody can see it, at once when they come back.
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
