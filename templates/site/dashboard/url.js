// What sticks in the address: campaign, days, filters. Never a name, an email address or an NPI.
import { daysAgo, today } from "./format.js";

/** Goes along from view to view. */
export const SHARED = ["campaign", "last", "from", "to"];
export const LASTS = { 7: "7 days", 30: "30 days", 90: "90 days", 365: "12 months" };
const USUAL = "30";
const DAY = /^\d{4}-\d\d-\d\d$/;

export function query() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** The address of a view: what is shared stays, `changes` are made; an empty value takes one away. */
export function to(path, changes = {}) {
  const kept = Object.entries(query()).filter(([name]) => SHARED.includes(name));
  return address(path, { ...Object.fromEntries(kept), ...changes });
}

/** This view's address with `changes` made. */
export function here(changes) {
  return address(location.pathname, { ...query(), ...changes });
}

function address(path, entries) {
  const found = new URLSearchParams(Object.entries(entries).filter(([, value]) => value != null && value !== ""));
  return found.size ? `${path}?${found}` : path;
}

/** The days that are looked at, in UTC, both included. `last` is null where they were chosen one by one; the days are
 * where all are looked at. */
export function range({ mayBeAll = false } = {}) {
  const { from, to: until, last } = query();
  if (DAY.test(from) && DAY.test(until) && from <= until) return { from, to: until, last: null };
  if (mayBeAll && last === "all") return { from: null, to: null, last };
  const chosen = last in LASTS ? last : USUAL;
  return { from: daysAgo(Number(chosen) - 1), to: today(), last: chosen };
}
