// Sign-in with Amazon Cognito or its local replacement: authorization code with PKCE. Tokens stay in this tab.
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
      // Cognito's endpoints, so that no discovery request is needed.
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

  /** Whether a user is signed in. Also handles the return from the sign-in page, and restores the first address. */
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
      // An old link, or one from another tab: sign in again.
      if (new URLSearchParams(location.search).has("error")) throw error;
      return HOME;
    }
  }

  /** The access token, renewed if it expired, or null if the session has ended. */
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

  /** The user's email address, which the API does not need. */
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

  /** Whether the user signed out in this tab. Then the sign-in page opens only on request. */
  wasLeft() {
    return sessionStorage.getItem(LEFT) === "yes";
  }
}

function ours(path) {
  const address = new URL(path ?? HOME, HOME);
  const isOurs = address.origin === location.origin && address.pathname.startsWith("/dashboard");
  return isOurs ? address.pathname + address.search : HOME;
}
