// Asks "Did you mean ...?" for an email domain that looks mistyped: when the field is left, and once before the form is
// sent. The patient decides: a suggestion never blocks a domain that may exist.

// Doctors' addresses end in one of these most often.
const ENDINGS = ["com", "org", "net", "edu", "gov", "co.uk"];
// Endings that exist and are one letter away from them. `co`, `cm` and `om` exist too, but are often a mistyped `com`.
const OTHER_ENDINGS = "bet bom cam et eu gop got mom mov ne nec new next ntt ong pet vet".split(" ");
const DOMAINS = [
  ..."gmail yahoo hotmail outlook icloud".split(" ").map((name) => `${name}.com`),
  ..."comcast verizon sbcglobal bellsouth".split(" ").map((name) => `${name}.net`),
];
// Domains that exist and are one letter away from them.
const OTHER_DOMAINS = ["cloud.com", "email.com", "mail.com", "ymail.com"];

const place = document.querySelector("[data-suggestion]");
const words = place.dataset;
const form = place.closest("form");
const email = form.elements.namedItem("doctor.email");

let answered = ""; // The value that the patient was asked about last.
let isPressing = false; // The submit button is being pressed: it must not move away before it is released.

/** Whether one letter was added, left out or replaced, or two neighbors were swapped. */
function isOneSlip(typed, meant) {
  const [short, long] = [typed, meant].sort((one, other) => one.length - other.length);
  if (long.length - short.length > 1) return false;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start += 1;
  const rest = (text, skipped) => text.slice(start + skipped);
  if (short.length < long.length) return rest(short, 0) === rest(long, 1);
  const isSwapped = short[start] === long[start + 1] && short[start + 1] === long[start] && rest(short, 2) === rest(long, 2);
  return rest(short, 1) === rest(long, 1) || isSwapped;
}

const closest = (typed, known, others) =>
  known.includes(typed) || others.includes(typed) ? typed : (known.find((one) => isOneSlip(typed, one)) ?? typed);

/** The domain that was probably meant, or "". */
export function meantBy(domain) {
  // An ending may have two parts, such as `co.uk`.
  const [, name, ending] = domain.toLowerCase().match(/^([^.]+(?:\.[^.]+)*?)\.((?:com?\.)?[^.]+)$/) ?? [];
  if (!ending) return "";
  const meant = closest(`${name}.${closest(ending, ENDINGS, OTHER_ENDINGS)}`, DOMAINS, OTHER_DOMAINS);
  return meant === domain.toLowerCase() ? "" : meant;
}

function suggested() {
  const [, user, domain] = email.value.trim().match(/^([^@]+)@([^@]+)$/) ?? [];
  const meant = domain && meantBy(domain);
  return meant ? { domain: meant, address: `${user}@${meant}`, typed: email.value } : null;
}

function show() {
  const found = suggested();
  if (!found) return clear();
  if (answered === found.typed) return;
  answered = found.typed;
  place.replaceChildren(
    part("p", words.question.replace("{domain}", found.domain)),
    button(words.take, "", () => take(found.address)),
    button(words.keep, "quiet", () => finish()),
  );
}

function part(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function button(text, look, act) {
  const element = part("button", text);
  Object.assign(element, { type: "button", className: `button small ${look}`.trim() });
  element.addEventListener("click", act);
  return element;
}

function take(address) {
  email.value = address;
  form.dispatchEvent(new CustomEvent("filled", { detail: [email.name] }));
  finish();
}

function finish() {
  clear();
  email.focus();
}

const clear = () => place.replaceChildren();

/** Ask once before the form is sent: a patient who presses Enter in the field has not seen the question. */
function onSubmit(event) {
  const found = suggested();
  if (!found || answered === found.typed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  show();
  place.querySelector("button").focus();
}

email.addEventListener("input", clear);
email.addEventListener("blur", () => isPressing || show());
form.addEventListener("pointerdown", ({ target }) => (isPressing = target.type === "submit"));
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (isPressing = false));
form.addEventListener("submit", onSubmit, { capture: true });
form.addEventListener("refused", () => {
  if (email.getAttribute("aria-invalid") !== "true") return;
  answered = ""; // Also ask beside the server's message.
  show();
});
form.addEventListener("emptied", clear);
if (email.value && document.activeElement !== email) show();
