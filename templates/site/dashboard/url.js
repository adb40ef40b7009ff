// The address contains the campaign, days and filters, but never a name, an email address or an NPI.
import { daysAgo, today } from "./format.js";

/** Parameters that all views share. */
export const SHARED = ["campaign", "last", "from", "to"];
export const LASTS = { 7: "7 days", 30: "30 days", 90: "90 days", 365: "12 months" };
const USUAL = "30";
const DAY = /^\d{4}-\d\d-\d\d$/;

export function query() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** The address of a view with the shared parameters and `changes`. An empty value removes a parameter. */
export function to(path, changes = {}) {
  const kept = Object.entries(query()).filter(([name]) => SHARED.includes(name));
  return address(path, { ...Object.fromEntries(kept), ...changes });
}

/** The address of this view with `changes`. */
export function here(changes) {
  return address(location.pathname, { ...query(), ...changes });
}

function address(path, entries) {
  const found = new URLSearchParams(Object.entries(entries).filter(([, value]) => value != null && value !== ""));
  return found.size ? `${path}?${found}` : path;
}

/** The selected days in UTC, both included. `last` is null if the user chose both days, and the days are null for all. */
export function range({ mayBeAll = false } = {}) {
  const { from, to: until, last } = query();
  if (DAY.test(from) && DAY.test(until) && from <= until) return { from, to: until, last: null };
  if (mayBeAll && last === "all") return { from: null, to: null, last };
  const chosen = last in LASTS ? last : USUAL;
  return { from: daysAgo(Number(chosen) - 1), to: today(), last: chosen };
}
