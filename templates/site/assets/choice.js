// When a doctor is chosen from the list, fills in the form and shows a card instead of the filled fields. If the name or
// the state changes, removes the values, because one doctor's number must not stay with another's name.

const place = document.querySelector("[data-lookup]");
const words = place.dataset;
const form = place.closest("form");
const card = document.getElementById("chosen");
const removal = document.getElementById("lookup-removed");
const hint = document.getElementById("contact-hint");
const hintByHand = hint.textContent;
const state = control("doctor.address.state");
const name = control("doctor.name");

let choice = null; // { name, state, filled }: `filled` has each field's `value`, and its value `before`.
let removed = null; // The last choice that was removed, for "Undo".

function control(field) {
  return form.elements.namedItem(field);
}

/** The details of a doctor, by field. */
function values({ address, ...details }) {
  const named = (path, entries) => Object.entries(entries).map(([field, value]) => [`${path}.${field}`, value]);
  return [...named("doctor", details), ...named("doctor.address", address)];
}

export function choose(doctor) {
  if (choice) takeBack();
  const filled = {};
  for (const [field, value] of values(doctor)) {
    // A newer API may have a field that this page lacks.
    if (!value || !control(field)) continue;
    filled[field] = { before: control(field).value, value };
    control(field).value = value;
  }
  begin({ name: doctor.name, state: state.value, filled });
  form.dispatchEvent(new CustomEvent("filled", { detail: Object.keys(filled) }));
  card.focus();
}

function begin(chosen) {
  choice = chosen;
  words.chosen = JSON.stringify(chosen); // For language.js, and so that lookup.js does not search for this name again.
  removed = null;
  removal.replaceChildren();
  showCard();
}

function end() {
  choice = null;
  delete words.chosen;
  hideCard();
}

// ---- The card ----

function showCard() {
  for (const part of card.querySelectorAll("[data-value]")) {
    const text = part.dataset.value === "doctor.address" ? address() : control(part.dataset.value).value;
    part.textContent = text;
    (part.closest("dl > div") ?? part).hidden = !text;
  }
  for (const part of form.querySelectorAll("[data-typed]")) {
    const field = part.dataset.typed;
    part.hidden = !field || Boolean(control(field).value);
  }
  hint.textContent = words.contact;
  card.hidden = false;
}

function address() {
  const [line1, line2, city, code, zip] = ["line1", "line2", "city", "state", "postal_code"].map(
    (part) => control(`doctor.address.${part}`).value,
  );
  if (!line1) return "";
  const joined = (parts, mark) => parts.filter(Boolean).join(mark);
  return joined([line1, line2, joined([city, joined([code, zip], " ")], ", ")], "\n");
}

function hideCard() {
  card.hidden = true;
  hint.textContent = hintByHand;
  for (const part of form.querySelectorAll("[data-typed]")) {
    part.hidden = false;
    if (part.matches("details")) part.open = [...part.querySelectorAll("input")].some(({ value }) => value);
  }
}

function change() {
  hideCard();
  name.focus();
}

// ---- Remove and undo ----

const plain = (text) => text.trim().replace(/\s+/g, " ").toLowerCase();

function isOther() {
  return plain(name.value) !== plain(choice.name) || state.value !== choice.state;
}

const filledIn = ({ filled }) => Object.entries(filled).filter(([field]) => ![name.name, state.name].includes(field));

/** Restore the earlier values, except those changed by hand. Return whether anything was removed. */
function takeBack() {
  const unchanged = filledIn(choice).filter(([field, { value }]) => control(field).value === value);
  for (const [field, { before }] of unchanged) control(field).value = before;
  return unchanged.length > 0;
}

function onInput() {
  if (!choice || !isOther()) return;
  const old = choice;
  const tookBack = takeBack();
  end();
  if (!tookBack) return;
  removed = old;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button quiet small", textContent: words.undo });
  button.addEventListener("click", undo);
  removal.replaceChildren(`${words.removed.replace("{name}", old.name)} `, button);
}

function undo() {
  for (const [field, { before, value }] of filledIn(removed))
    if (control(field).value === before) control(field).value = value;
  name.value = removed.name;
  state.value = removed.state;
  begin(removed);
  card.focus();
}

// ---- Start ----

name.addEventListener("input", onInput);
state.addEventListener("change", onInput);
document.getElementById("chosen-change").addEventListener("click", change);
form.addEventListener("refused", () => {
  // An error can only be corrected in a field that is visible.
  if (form.querySelector("[data-typed][hidden] [aria-invalid=true]")) hideCard();
});
form.addEventListener("emptied", () => {
  control("doctor.registry_signature").value = "";
  removed = null;
  removal.replaceChildren();
  end();
});
if (words.chosen) begin(JSON.parse(words.chosen));
