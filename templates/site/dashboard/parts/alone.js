// Pages without anything around them: not signed in, not allowed, or nothing works.
import { html } from "../lit.js";

const alone = (heading, text, label, press) =>
  html`<main class="alone">
    <div class="brand"><span class="mark" aria-hidden="true"></span><span>Outreach</span></div>
    <h1>${heading}</h1>
    <p>${text}</p>
    <p><button type="button" class="button" @click=${press}>${label}</button></p>
  </main>`;

export const signedOut = (signIn) => alone("You are signed out", "Nothing is kept in this browser.", "Sign in", signIn);

export const notAllowed = (signIn) =>
  alone(
    "You have no role here yet",
    "You are signed in, but nobody has made you a viewer or a manager. Ask whoever runs the dashboard.",
    "Sign out",
    () => signIn.leave(),
  );

export const failed = (error, again) =>
  alone("The dashboard can’t be shown just now", error.message, "Try again", again);
