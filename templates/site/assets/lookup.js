// Suggests doctors from the public registry while the patient types a name: an editable combobox with manual selection
// (ARIA 1.2). Loaded when the form is first used. If anything fails, the fields work as plain fields.

const PAUSE = 250; // Milliseconds after the last key, until the search starts.
const FEWEST_LETTERS = 3;
const TIMEOUT = 5_000;

const place = document.querySelector("[data-lookup]");
const words = place.dataset;
const { choose } = await import(words.choice);
const form = place.closest("form");
const state = form.elements.namedItem("doctor.address.state");
const name = form.elements.namedItem("doctor.name");
const popup = document.getElementById("matches");
const list = document.getElementById("matches-list");
const hint = document.getElementById("lookup-hint");
const said = document.getElementById("lookup-said");
const count = document.getElementById("lookup-count");

let doctors = []; // The suggestions for the request `asked`.
let asked = "";
let active = -1;
let timer;
let request;

// ---- Requests ----

const letters = (text) => text.match(/\p{L}/gu)?.length ?? 0;

function address() {
  const typed = name.value.trim();
  if (!state.value || letters(typed) < FEWEST_LETTERS || words.chosen) return "";
  return `${words.address}?${new URLSearchParams({ name: typed, state: state.value })}`;
}

function later() {
  clearTimeout(timer);
  request?.abort();
  timer = setTimeout(look, PAUSE);
}

async function look() {
  const wanted = address();
  if (!wanted) return close();
  if (wanted !== asked) {
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    const answer = await ask(wanted, signal);
    if (signal.aborted) return; // A later request replaced this one.
    doctors = answer?.doctors ?? [];
    asked = answer?.available ? wanted : ""; // After a failure, the same request may be repeated.
    said.textContent = answer?.available && isWhole(name.value) && !doctors.length ? words.none : "";
  }
  if (document.activeElement === name) show();
}

async function ask(wanted, signal) {
  const giveUp = setTimeout(() => request?.signal === signal && request.abort(), TIMEOUT);
  try {
    const response = await fetch(wanted, { headers: { accept: "application/json" }, signal });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // The patient continues without suggestions and without an error.
  } finally {
    clearTimeout(giveUp);
  }
}

// With only a first name, it is too early to say that no doctor was found.
const isWhole = (typed) => /\p{L}\P{L}+\p{L}{2}/u.test(typed);

// ---- The list ----

const isOpen = () => !popup.hidden;

function show() {
  if (!doctors.length) return close();
  list.replaceChildren(...doctors.map(option));
  setActive(-1);
  popup.hidden = false;
  name.setAttribute("aria-expanded", "true");
  list.firstElementChild.scrollIntoView({ block: "nearest" });
  count.textContent = doctors.length === 1 ? words.one : words.many.replace("{count}", doctors.length);
}

function close() {
  popup.hidden = true;
  name.setAttribute("aria-expanded", "false");
  setActive(-1);
  count.textContent = "";
}

function option(doctor, index) {
  const { line1, city, state: code, postal_code: zip } = doctor.address;
  const item = document.createElement("li");
  item.id = `match-${index}`;
  item.setAttribute("role", "option");
  item.append(
    part("strong", doctor.name),
    part("span", doctor.specialty),
    part("span", [line1, city, [code, zip?.slice(0, 5)].filter(Boolean).join(" ")].filter(Boolean).join(", ")),
  );
  item.addEventListener("click", () => pick(index));
  return item;
}

function part(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text ? `${text} ` : "";
  return element;
}

function setActive(index) {
  active = index;
  for (const [place, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(place === index));
  if (index < 0) return name.removeAttribute("aria-activedescendant");
  name.setAttribute("aria-activedescendant", `match-${index}`);
  list.children[index].scrollIntoView({ block: "nearest" });
}

function pick(index) {
  close();
  said.textContent = "";
  choose(doctors[index]);
}

// ---- Keys and start ----

function onInput() {
  said.textContent = "";
  if (isOpen()) setActive(-1);
  later();
}

function onArrow(event, step) {
  event.preventDefault();
  if (!isOpen()) {
    clearTimeout(timer);
    return event.altKey && step < 0 ? undefined : look();
  }
  if (event.altKey) return step < 0 ? close() : undefined;
  const places = doctors.length + 1; // One of them is the field.
  setActive(((active + 1 + step + places) % places) - 1);
}

const keys = {
  ArrowDown: (event) => onArrow(event, 1),
  ArrowUp: (event) => onArrow(event, -1),
  Home: () => setActive(-1),
  End: () => setActive(-1),
  ArrowLeft: () => setActive(-1),
  ArrowRight: () => setActive(-1),
  Escape(event) {
    if (!isOpen()) return;
    event.preventDefault();
    close();
  },
  Enter(event) {
    if (!isOpen()) return;
    event.preventDefault(); // With an open list, Enter must not send the form.
    if (active < 0) close();
    else pick(active);
  },
};

function start() {
  for (const [attribute, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
    "aria-describedby": `${hint.id} ${name.getAttribute("aria-describedby")}`,
  }))
    name.setAttribute(attribute, value);
  hint.hidden = false;
  name.addEventListener("input", onInput);
  name.addEventListener("keydown", (event) => !event.isComposing && keys[event.key]?.(event));
  name.addEventListener("focus", later);
  name.addEventListener("blur", () => {
    clearTimeout(timer);
    close();
  });
  // A press on the list must not move the focus, because that would close the list.
  popup.addEventListener("mousedown", (event) => event.preventDefault());
  form.addEventListener("emptied", () => (said.textContent = ""));
  if (document.activeElement === name) later();
}

start();
