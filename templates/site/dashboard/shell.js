// The frame of every view: brand, navigation, user and messages.
import { ago } from "./format.js";
import { icon } from "./icons.js";
import { html, live, nothing } from "./lit.js";
import { here, to } from "./url.js";

const PLACES = [
  ["overview", "Overview", "/dashboard/"],
  ["referrals", "Referrals", "/dashboard/referrals"],
  ["work", "Work", "/dashboard/work"],
  ["reports", "Reports", "/dashboard/reports", "manager"],
  ["settings", "Settings", "/dashboard/settings"],
];

export function shell(app) {
  return html`
    <a class="skip" href="#main">Skip to content</a>
    <div class="frame">
      <header class="side">
        <div class="brand"><span class="mark" aria-hidden="true"></span><span>Outreach</span></div>
        ${campaigns(app)}
        <nav class="ways" aria-label="Dashboard">
          <ul>
            ${PLACES.filter(([, , , role]) => !role || app.me.roles.includes(role)).map((place) => way(app, ...place))}
          </ul>
        </nav>
        ${person(app)}
      </header>
      <main id="main" tabindex="-1">${offline()} ${app.view.render()}</main>
    </div>
    <div class="said" role="status">${app.said ? said(app) : nothing}</div>
    ${app.dialog.render()}
  `;
}

function way(app, name, label, path) {
  const isHere = app.view.place === name;
  return html`<li>
    <a href=${to(path)} aria-current=${isHere ? "page" : nothing}>
      ${icon(name)}<span>${label}</span>${name === "work" ? count(app.waiting.value) : nothing}
    </a>
  </li>`;
}

function count(work) {
  if (!work) return nothing;
  const counts = Object.values(work.kinds).map((one) => one?.count ?? one ?? 0);
  const total = counts.reduce((sum, one) => sum + one, 0);
  const isMore = Object.values(work.kinds).some((one) => one?.is_more);
  if (!total) return nothing;
  return html`<span class="count">${total}${isMore ? "+" : ""}<span class="unseen"> waiting</span></span>`;
}

function campaigns(app) {
  const { campaigns: every } = app.me;
  // A single campaign needs no choice.
  if (every.length === 1) return html`<p class="campaign only">${every[0].title}</p>`;
  return html`<label class="campaign">
    <span class="unseen">Campaign</span>
    <select @change=${(event) => app.go(here({ campaign: event.target.value, cursor: null }))}>
      ${every.map(
        ({ name, title }) => html`<option value=${name} .selected=${live(name === app.campaign)}>${title}</option>`,
      )}
    </select>
  </label>`;
}

function person(app) {
  const role = app.isManager ? "Manager" : "Viewer";
  return html`<div class="person">
    <p><strong title=${app.name}>${app.name}</strong><span class="soft">${role}</span></p>
    <button type="button" class="quiet" @click=${() => app.signIn.leave()}>${icon("out")} Sign out</button>
  </div>`;
}

function offline() {
  return navigator.onLine
    ? nothing
    : html`<p class="notice" role="status">${icon("alert")} You are offline. The data may be out of date.</p>`;
}

function said(app) {
  return html`<p class="toast">
    <span>${app.said}</span>
    <button type="button" class="quiet" @click=${() => app.hush()}>Close</button>
  </p>`;
}

/** The top of a view: its heading, its tools, and the time of the last update. */
export function top(view, tools = nothing) {
  return html`<div class="top">
    <div>
      <h1 tabindex="-1">${view.heading ?? view.title}</h1>
      <p class="fresh soft">${view.at ? html`<span class="pulse" aria-hidden="true"></span>Updated ${ago(view.at)}` : "Loading …"}</p>
    </div>
    ${tools}
  </div>`;
}
