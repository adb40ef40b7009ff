// Data from the API with its state: loading, loaded, failed, or loaded but out of date.
export class Resource {
  #load;
  #changed;
  #asked = 0;
  value = null;
  error = null;
  isLoading = false;
  at = 0;

  constructor(load, changed) {
    this.#load = load;
    this.#changed = changed;
  }

  /**
   * Loads the data. The old value stays until the response arrives, so that nothing flickers. The latest call wins.
   *
   * A quiet load is automatic and returns data only if it changed, so that the API writes no audit record without need.
   */
  async load({ isQuiet = false } = {}) {
    const mine = ++this.#asked;
    this.isLoading = !isQuiet || !this.value;
    if (this.isLoading) this.#changed();
    try {
      const known = this.value;
      const value = (await this.#load(isQuiet ? known?.mark : undefined)) ?? known;
      if (mine !== this.#asked) return;
      Object.assign(this, { value, error: null, at: Date.now(), isLoading: false });
    } catch (error) {
      if (mine !== this.#asked) return;
      Object.assign(this, { error, isLoading: false });
    }
    this.#changed();
  }

  /** Sets a value from elsewhere, such as the response to an action. Ignores the response of a running load. */
  take(value) {
    this.#asked += 1;
    Object.assign(this, { value, error: null, at: Date.now(), isLoading: false });
    this.#changed();
  }

  /** Resets everything, before it loads data of something else. */
  forget() {
    this.#asked += 1;
    Object.assign(this, { value: null, error: null, isLoading: false, at: 0 });
  }
}
