// Formats numbers, days and times with Intl.
const LOCALE = "en-US";
const DAY_MS = 86_400_000;

const whole = new Intl.NumberFormat(LOCALE);
const percent = (digits) =>
  new Intl.NumberFormat(LOCALE, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
const percents = [0, 1, 2].map(percent);
const upToTwo = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 2 });
const inUtc = (options) => new Intl.DateTimeFormat(LOCALE, { timeZone: "UTC", ...options });
const short = inUtc({ month: "short", day: "numeric" });
const long = inUtc({ month: "short", day: "numeric", year: "numeric" });
const withWeekday = inUtc({ weekday: "short", month: "short", day: "numeric" });
// Times are in the user's time zone.
const moment = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const momentWithYear = new Intl.DateTimeFormat(LOCALE, { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "numeric", minute: "2-digit" });
const bytesOf = (unit) =>
  new Intl.NumberFormat(LOCALE, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 });

export const number = (value) => whole.format(value ?? 0);
export const share = (value, digits = 0) => (value == null ? "–" : percents[digits].format(value));
/** A small share, with up to two decimals. */
export const rate = (value) => (value == null ? "–" : upToTwo.format(value));
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const iso = (date) => date.toISOString().slice(0, 10);
export const today = () => iso(new Date());
export const daysAgo = (days) => iso(new Date(Date.now() - days * DAY_MS));
export const day = (text) => short.format(new Date(`${text}T00:00Z`));
export const weekday = (text) => withWeekday.format(new Date(`${text}T00:00Z`));
const dayAndYear = (text) => long.format(new Date(`${text}T00:00Z`));
/** "Nov 3, 2026", "Oct 24 – Nov 22, 2026" or "Dec 20, 2025 – Jan 5, 2026". */
export function days(from, to) {
  if (from === to) return dayAndYear(to);
  return `${from.slice(0, 4) === to.slice(0, 4) ? day(from) : dayAndYear(from)} – ${dayAndYear(to)}`;
}
export const howMany = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;

/** A time of another year includes the year. */
export function at(text) {
  const time = new Date(text);
  return (time.getFullYear() === new Date().getFullYear() ? moment : momentWithYear).format(time);
}
export const exactly = (text) => full.format(new Date(text));
export const atTime = (time) => clock.format(new Date(time));

/** "+12175550123;ext=45" as "(217) 555-0123 ext. 45". Numbers of other countries stay as they are. */
export const phone = (text) =>
  text?.replace(/^\+1(\d{3})(\d{3})(\d{4})(?=;|$)/, "($1) $2-$3").replace(";ext=", " ext. ");

/** "12 s", "3 min", "5 h", "2 days": rounded. */
export function lasts(seconds) {
  if (seconds == null) return "–";
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${round(seconds / 3600)} h`;
  return `${round(seconds / 86_400)} days`;
}

const round = (value) => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value));

/** How long ago a time was, short: for "updated 10 s ago". */
export function ago(time) {
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1000));
  if (seconds < 5) return "just now";
  return `${lasts(seconds < 90 ? Math.floor(seconds / 5) * 5 : seconds)} ago`;
}

export function size(count) {
  if (count < 1000) return bytesOf("byte").format(count);
  if (count < 1_000_000) return bytesOf("kilobyte").format(count / 1000);
  return bytesOf("megabyte").format(count / 1_000_000);
}

/** "Buffalo, NY 14201": each part may be missing. */
export const cityLine = ({ city, state, postal_code: code }) => [city, [state, code].filter(Boolean).join(" ")].filter(Boolean).join(", ");

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
