// Pages without the frame: signed out, no role, or an error.
import { html } from "../lit.js";

const alone = (heading, text, label, press) =>
  html`<main class="alone">
    <div class="brand"><span class="mark" aria-hidden="true"></span><span>Outreach</span></div>
    <h1>${heading}</h1>
    <p>${text}</p>
    <p><button type="button" class="button" @click=${press}>${label}</button></p>
  </main>`;

export const signedOut = (signIn) => alone("You are signed out", "No data is kept in this browser.", "Sign in", signIn);

export const notAllowed = (signIn) =>
  alone(
    "You don’t have a role yet",
    "You are signed in, but you don’t have the role of viewer or manager. Ask your administrator.",
    "Sign out",
    () => signIn.leave(),
  );

export const failed = (error, again) =>
  alone("The dashboard is not available", error.message, "Try again", again);
