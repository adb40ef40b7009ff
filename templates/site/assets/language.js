// Keeps the entries when a patient changes the language. They stay in the tab's session storage only until the next page
// loads, which removes them. No address contains them.

const KEY = "form";

const form = document.getElementById("referral");
const lookup = form.querySelector("[data-lookup]").dataset;
// The new page has its own values.
const ownOfPage = ["campaign", "locale"];

const opensElsewhere = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

function keep(event) {
  if (opensElsewhere(event)) return;
  const entries = [...new FormData(form)].filter(([name, value]) => value && !ownOfPage.includes(name));
  if (entries.every(([name]) => name === "submission_id")) return;
  // `chosen` is the doctor that choice.js filled in.
  store((storage) => storage.setItem(KEY, JSON.stringify({ entries, chosen: lookup.chosen })));
}

function restore() {
  const kept = store((storage) => {
    const item = storage.getItem(KEY);
    storage.removeItem(KEY);
    return JSON.parse(item);
  });
  if (!kept) return;
  for (const [name, value] of kept.entries) {
    const control = form.elements.namedItem(name);
    if (!control) continue;
    control.value = value;
    const folded = control.closest?.("details");
    if (folded) folded.open = true;
  }
  if (kept.chosen) lookup.chosen = kept.chosen;
  form.dataset.returned = "";
}

function store(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null; // The browser blocks storage: the entries are lost, as without JavaScript.
  }
}

restore();
for (const link of document.querySelectorAll(".languages a")) link.addEventListener("click", keep);
