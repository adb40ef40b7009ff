// Signing in at Amazon Cognito, or what stands in for it: authorisation code with PKCE. Tokens live in this tab alone.
const HOME = `${location.origin}/dashboard/`;
const LEFT = "dashboard.left";

export class SignIn {
  #manager;
  #settings;

  constructor(settings) {
    const { UserManager, WebStorageStateStore } = globalThis.oidc;
    const kept = () => new WebStorageStateStore({ store: sessionStorage, prefix: "oidc." });
    this.#settings = settings;
    this.#manager = new UserManager({
      authority: settings.authority,
      // Cognito's own places: with them, nothing has to be asked for first.
      metadata: {
        issuer: settings.authority,
        authorization_endpoint: `${settings.sign_in}/oauth2/authorize`,
        token_endpoint: `${settings.sign_in}/oauth2/token`,
      },
      client_id: settings.client_id,
      redirect_uri: HOME,
      scope: "openid email",
      loadUserInfo: false,
      userStore: kept(),
      stateStore: kept(),
      automaticSilentRenew: true,
    });
  }

  /** Whether somebody is signed in. Takes in what the sign-in page sent back, and goes where the first link led. */
  async isIn() {
    const query = new URLSearchParams(location.search);
    if (location.pathname === "/dashboard/" && query.has("state") && (query.has("code") || query.has("error"))) {
      const path = await this.#cameBack();
      history.replaceState(null, "", path);
    }
    return Boolean(await this.token());
  }

  async #cameBack() {
    try {
      const user = await this.#manager.signinCallback(location.href);
      sessionStorage.removeItem(LEFT);
      return ours(user?.state?.path);
    } catch (error) {
      // A link from yesterday, or another tab's. What is not ours to take is not taken: sign in once more.
      if (new URLSearchParams(location.search).has("error")) throw error;
      return HOME;
    }
  }

  /** The access token, renewed where it ran out; null where nobody is signed in any more. */
  async token({ isRefused = false } = {}) {
    const user = await this.#manager.getUser();
    if (user && !user.expired && !isRefused) return user.access_token;
    if (!user?.refresh_token) return null;
    this.renewing ??= this.#manager.signinSilent().finally(() => (this.renewing = null));
    return this.renewing.then(
      (renewed) => renewed?.access_token ?? null,
      () => null,
    );
  }

  /** What people call whoever is signed in: the address, which the API need not know. */
  async name() {
    const user = await this.#manager.getUser();
    return user?.profile.email ?? null;
  }

  async go() {
    sessionStorage.removeItem(LEFT);
    await this.#manager.signinRedirect({ state: { path: location.pathname + location.search } });
  }

  async leave() {
    await this.#manager.removeUser();
    sessionStorage.setItem(LEFT, "yes");
    const query = new URLSearchParams({ client_id: this.#settings.client_id, logout_uri: HOME });
    location.assign(`${this.#settings.sign_in}/logout?${query}`);
  }

  /** Whether the person signed out in this tab: then nobody is sent to sign in again unasked. */
  wasLeft() {
    return sessionStorage.getItem(LEFT) === "yes";
  }
}

function ours(path) {
  const address = new URL(path ?? HOME, HOME);
  const isOurs = address.origin === location.origin && address.pathname.startsWith("/dashboard");
  return isOurs ? address.pathname + address.search : HOME;
}
