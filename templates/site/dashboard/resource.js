// Something asked of the API, as a view shows it: on its way, there, failed, or there but no longer fresh.
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
   * Asks again. What was there stays until the answer comes, so that nothing flickers. A later question wins.
   *
   * Quietly, it asks only for what is new: nobody looks, so that no look need be noted.
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

  /** Takes what was learned elsewhere, for instance from an action's answer. An answer on its way is out of date. */
  take(value) {
    this.#asked += 1;
    Object.assign(this, { value, error: null, at: Date.now(), isLoading: false });
    this.#changed();
  }

  /** As before the first question: for something else under the same name. */
  forget() {
    this.#asked += 1;
    Object.assign(this, { value: null, error: null, isLoading: false, at: 0 });
  }
}
