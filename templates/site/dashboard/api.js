// The client of the API. Errors become a Problem, whose message is for the user. A request with the mark of the data that
// the view has (`known`) returns null if nothing is new.
const BASE = "/api/dashboard";

export class Problem extends Error {
  constructor(status, body = {}) {
    super(said(status, body));
    this.status = status;
    this.code = body.code;
    this.body = body;
  }
}

function said(status, body) {
  if (status === 0) return "No connection to the server.";
  if (status === 401) return "Your session has expired.";
  if (status === 403) return body.detail ?? "Your role does not allow this.";
  if (status === 404) return body.detail ?? "Not found.";
  if (status >= 500) return "The server did not respond. Try again in a moment.";
  return body.errors?.[0]?.message ?? body.detail ?? body.title ?? "Something went wrong. Try again.";
}

export class Api {
  #signIn;

  constructor(signIn) {
    this.#signIn = signIn;
  }

  get(path, query = {}) {
    const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value != null && value !== ""));
    return this.#ask("GET", asked.size ? `${path}?${asked}` : path);
  }

  post(path, body = {}) {
    return this.#ask("POST", path, body);
  }

  put(path, body) {
    return this.#ask("PUT", path, body);
  }

  async #ask(method, path, body) {
    let answer = await this.#send(method, path, body, await this.#signIn.token());
    if (answer.status === 401) {
      const token = await this.#signIn.token({ isRefused: true });
      if (token) answer = await this.#send(method, path, body, token);
    }
    if (answer.status === 204) return null;
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(answer.status, told);
    return told;
  }

  async #send(method, path, body, token) {
    const headers = { accept: "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(BASE + path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
    } catch {
      throw new Problem(0);
    }
  }
}
