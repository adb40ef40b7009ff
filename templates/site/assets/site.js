// Sends the form without a page load. The form also works without this file. All texts come from the page.
// Entries stay in memory, because the page is about an illness. Only language.js stores them, for one change of page.

const TIMEOUT = 20_000;
// The longest wait for the proof of work. Then the form is sent without it, and a person reviews it.
const PATIENCE = 15_000;

const form = document.getElementById("referral");
const openAgain = document.querySelector("[data-open-again]");
const summary = document.getElementById("errors");
const notices = form.querySelector("[data-notices]");
const button = form.querySelector("[type=submit]");
const id = form.elements.namedItem("submission_id");
const words = form.dataset;
let busy = false;

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // Available on https and localhost only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// ---- Opening ----

function setOpen(open) {
  form.hidden = !open;
  openAgain.hidden = open;
}

function openForm(event) {
  event?.preventDefault();
  setOpen(true);
  document.getElementById("form-title").focus();
}

function isBegun() {
  // On a slow connection, the patient may be typing before this file is loaded.
  const typed = [...form.elements].some((field) => field.type !== "hidden" && (field.checked || (field.type !== "radio" && field.value)));
  return typed || form.contains(document.activeElement) || location.hash === "#referral" || "staysOpen" in words;
}

// ---- Errors ----

function controlOf(field) {
  // An error of the whole doctor means that a contact detail is missing. Show it at the email field.
  const named = form.elements.namedItem(field === "doctor" ? "doctor.email" : field);
  const control = named instanceof RadioNodeList ? named[0] : named;
  return control?.type === "hidden" ? null : control;
}

const messageOf = (field) => document.getElementById(`${field.replaceAll(".", "-")}-error`);

function clearProblems() {
  summary.hidden = true;
  summary.querySelector("ul").replaceChildren();
  notices.replaceChildren();
  for (const message of form.querySelectorAll(".error")) {
    message.textContent = "";
    message.hidden = true;
  }
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  document.title = words.title;
}

function summaryLine(error, control) {
  const line = document.createElement("li");
  if (control) {
    const link = document.createElement("a");
    link.href = `#${control.id}`;
    link.textContent = error.message;
    line.append(link);
  } else line.textContent = error.message;
  return line;
}

function markField(error, control) {
  control.setAttribute("aria-invalid", "true");
  const folded = control.closest("details");
  if (folded) folded.open = true;
  const message = messageOf(error.field);
  if (!message) return;
  message.textContent = [message.textContent, error.message].filter(Boolean).join(" ");
  message.hidden = false;
}

function showErrors(errors) {
  const place = ({ field }) => [...form.elements].indexOf(controlOf(field));
  for (const error of [...errors].sort((one, other) => place(one) - place(other))) { // In the order of the page.
    if (error.field === "submission_id") id.value = newId();
    const control = controlOf(error.field);
    summary.querySelector("ul").append(summaryLine(error, control));
    if (control) markField(error, control);
  }
  summary.hidden = false;
  document.title = words.errorPrefix + words.title;
  form.dispatchEvent(new Event("refused"));
  summary.focus();
}

function showNotice(name) {
  const box = document.createElement("div");
  box.className = "notice";
  box.append(form.querySelector(`template[data-notice=${name}]`).content.cloneNode(true));
  notices.replaceChildren(box);
}

// ---- Sending ----

function entries() {
  const payload = {};
  for (const [name, value] of new FormData(form)) {
    if (!value.trim()) continue; // Empty fields are not sent.
    const path = name.split(".");
    const last = path.pop();
    path.reduce((place, part) => (place[part] ??= {}), payload)[last] = value;
  }
  return payload;
}

let challenge;

function prove(use = (loaded) => loaded.proofFor(id.value)) {
  // Starts when the form is first used, so that it is done before the button is pressed.
  challenge ??= import(words.challenge).catch(() => (challenge = undefined));
  return challenge.then((loaded) => loaded && use(loaded)).catch(() => undefined);
}

async function post(payload) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIMEOUT);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, application/problem+json" },
      body: JSON.stringify(payload),
      signal: giveUp.signal,
    });
    return { status: response.status, data: await response.json() };
  } finally {
    clearTimeout(timer);
  }
}

function setBusy(isBusy, label) {
  busy = isBusy;
  button.textContent = label;
  // Not `disabled`, because the button would lose the focus.
  button.setAttribute("aria-disabled", String(isBusy));
  form.querySelector("[data-busy-status]").textContent = isBusy ? label : "";
}

async function send(event) {
  event.preventDefault();
  if (busy) return;
  clearProblems();
  setBusy(true, words.moment);
  const proof = await Promise.race([prove((loaded) => loaded.proofToSend(id.value)), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  setBusy(true, words.busy);
  let answer;
  try {
    answer = await post({ ...entries(), challenge: proof });
  } catch {
    answer = { status: 0 }; // No network, a timeout, or a response that is not JSON.
  }
  if (answer.status === 200 || answer.status === 201) return showStatus(answer.data);
  setBusy(false, words.submit);
  react(answer);
}

function react({ status, data }) {
  if (status === 422 && data.errors?.length) return showErrors(data.errors);
  if (status === 409) {
    id.value = newId(); // The old id belongs to the stored referral. This is another one.
    return showNotice("conflict");
  }
  // It may have arrived. A retry sends the same id, so that there is only one referral.
  button.textContent = words.retry;
  showNotice("unsent");
}

// ---- After sending ----

function empty() {
  // Not reset(), which would restore the values from the server.
  for (const field of form.elements) {
    if (field.type === "radio") field.checked = false;
    else if (field.matches("input:not([type=hidden]), select")) field.value = "";
  }
  for (const folded of form.querySelectorAll("details")) folded.open = false;
  id.value = newId();
  form.dispatchEvent(new Event("emptied"));
}

function showStatus({ receipt }) {
  // A later visit to this page starts with a new form.
  addEventListener("pagehide", () => {
    setBusy(false, words.submit);
    empty();
  }, { once: true });
  location.assign(`${form.action}/${receipt}`);
}

// ---- Optional scripts ----

function loadHelp() {
  // Loaded when the form is first used. If loading fails, the form works without it.
  for (const part of form.querySelectorAll("[data-script]")) import(part.dataset.script).catch(() => {});
}

form.addEventListener("focusin", loadHelp, { once: true });
id.value ||= newId();
setOpen(isBegun());
form.addEventListener("focusin", () => prove());
form.addEventListener("submit", send);
if (!summary.hidden) summary.focus(); // The server found errors.
else if ("returned" in words) openForm();
if (form.contains(document.activeElement)) {
  loadHelp();
  prove();
}
for (const opener of document.querySelectorAll("[data-open]")) opener.addEventListener("click", openForm);
// The address "#referral" must open the form, from a link or typed by hand.
addEventListener("hashchange", () => location.hash === "#referral" && openForm());
