// The user, the campaign and the open view. Each change renders everything, and lit-html updates only what differs.
import { nothing, render } from "./lit.js";
import { Live } from "./live.js";
import { Ask } from "./parts/dialog.js";
import { Resource } from "./resource.js";
import { find } from "./router.js";
import { shell } from "./shell.js";
import { query } from "./url.js";

const SAID_FOR = 8_000;
const SENDERS = { patient: "the patient", caregiver: "a caregiver" };
// Cognito's internal user ids.
const INTERNAL_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

export class App {
  #root;
  #isDue = false;
  #live = new Live(() => this.refresh());
  view = null;
  said = "";

  constructor(root, api, signIn, me, name) {
    Object.assign(this, { api, signIn, me, name });
    this.#root = root;
    this.dialog = new Ask(() => this.update());
    this.waiting = new Resource(() => api.get("/work", { campaign: this.campaign }), () => this.update());
  }

  get isManager() {
    return this.me.roles.includes("manager");
  }

  /** The name of the user who did something, for this user. */
  who(by) {
    if (by === this.me.user || by === this.name) return "you";
    if (by in SENDERS) return SENDERS[by];
    return INTERNAL_ID.test(by) ? "a colleague" : by;
  }

  get campaign() {
    const wanted = query().campaign;
    const names = this.me.campaigns.map(({ name }) => name);
    return names.includes(wanted) ? wanted : names[0];
  }

  start() {
    document.addEventListener("click", (event) => this.#clicked(event));
    addEventListener("popstate", () => this.#open());
    for (const change of ["online", "offline"]) addEventListener(change, () => this.update());
    setInterval(() => document.visibilityState === "visible" && this.update(), 5_000);
    this.#open({ isFirst: true });
  }

  /** Goes to an address of the dashboard. */
  go(address, { isInPlace = false } = {}) {
    history[isInPlace ? "replaceState" : "pushState"](null, "", address);
    this.#open();
  }

  update() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      render(this.view ? shell(this) : nothing, this.#root);
      const title = [this.view?.title, "Outreach"].filter(Boolean).join(" · ");
      if (document.title !== title) document.title = title;
    });
  }

  async refresh() {
    await Promise.all([this.waiting.load({ isQuiet: true }), this.view.refresh?.()]);
  }

  /** Refreshes everything after an action. */
  async refreshNow() {
    await this.#live.now();
  }

  /** Shows a message, which screen readers announce. */
  say(text) {
    clearTimeout(this.unsay);
    this.said = text;
    this.unsay = setTimeout(() => this.hush(), SAID_FOR);
    this.update();
  }

  hush() {
    this.said = "";
    this.update();
  }

  #open({ isFirst = false } = {}) {
    const { View, argument } = find(location.pathname);
    const campaign = this.campaign;
    if (campaign !== this.shownCampaign) this.waiting.forget();
    if (this.view instanceof View && this.view.argument === argument && this.shownCampaign === campaign) {
      this.view.changed?.();
    } else {
      this.view?.close?.();
      this.view = new View(this, argument);
      this.view.argument = argument;
      this.view.open?.();
      if (!isFirst) this.#arrive();
    }
    if (!this.waiting.value) this.waiting.load();
    this.shownCampaign = campaign;
    this.#live.start();
    this.update();
  }

  /** Scrolls to the top and focuses the heading, as after loading a page. */
  #arrive() {
    scrollTo(0, 0);
    setTimeout(() => this.#root.querySelector("h1")?.focus({ preventScroll: true }));
  }

  #clicked(event) {
    const link = event.target.closest?.("a[href]");
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !isPlain || link.target || link.hasAttribute("download") || event.defaultPrevented) return;
    const address = new URL(link.href);
    if (address.origin !== location.origin || !address.pathname.startsWith("/dashboard") || address.hash) return;
    event.preventDefault();
    this.go(address.pathname + address.search, { isInPlace: link.hasAttribute("data-in-place") });
  }
}
