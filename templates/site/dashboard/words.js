// What each number, stage and reason is called, and what it means, in marketing's words. As docs/stats.md has them.
import { STATES } from "./states.js";

export const FACTS = {
  submitted: { name: "Submitted", means: "People who named their doctor" },
  sent: { name: "Sent", means: "Doctors’ first message went out" },
  delivered: { name: "Delivered", means: "Taken by the doctor’s mail system" },
  engaged: { name: "Engaged", means: "A person opened it, followed a link, or answered" },
  answered: { name: "Answered", means: "The doctor answered" },
  opted_out: { name: "Opted out", means: "The doctor wants no more mail", isBad: true },
  opened: { name: "Opened", means: "A person opened a message" },
  clicked: { name: "Clicked", means: "A person followed a link of a message" },
  bounced: { name: "Bounced", means: "A message came back for good", isBad: true },
  complained: { name: "Complaints", means: "The doctor called it spam", isBad: true },
};
export const FUNNEL = ["submitted", "sent", "delivered", "engaged", "answered"];
export const NUMBERS = [...FUNNEL, "opted_out"];
export const SERIES = [...FUNNEL, "opened", "clicked", "bounced", "complained", "opted_out"];

export const STAGES = {
  held: { name: "Held", means: "a person must look before anybody is written to" },
  queued: { name: "Queued", means: "outreach takes it now" },
  waiting: { name: "Waiting", means: "put off for now; it goes on by itself" },
  sending: { name: "Sending", means: "the message is being sent" },
  sent: { name: "Sent", means: "the doctor was written to; an answer or the reminder comes next" },
  by_post: { name: "By post", means: "there is no e-mail address: a letter or a call" },
  closed: { name: "Closed", means: "over" },
};

export const REASONS = {
  complained: "The doctor complained",
  opted_out: "The doctor opted out",
  bounced: "The address does not exist",
  answered: "The doctor answered",
  joined: "Told through another referral",
  expired: "No answer came",
  rejected: "Rejected",
  not_approved: "The wording is not approved today",
  paced: "Sent later, to spread the mail",
  daily_quota: "The day’s quota is used up",
  domain_cap: "Enough for this mail system today",
  paused: "The campaign is paused",
  soft_bounced: "Came back for now; tried again",
  lost_by_stream: "A setback; tried again",
  disposable_domain: "A throw-away e-mail address",
  many_from_one_source: "Many referrals from one place",
  many_names_for_one_address: "Several names for one e-mail address",
  several_addresses_for_one_npi: "Several e-mail addresses for one NPI",
  unproven: "May be from a robot: no check by the browser",
  too_fast: "May be from a robot: typed too fast",
  trap: "May be from a robot: filled a hidden field",
  send_unclear: "Nobody knows whether the doctor has the message",
  restored: "From a restored table: the doctor may have the message",
  given_up: "It failed again and again",
  campaign_unknown: "Its campaign is gone",
};

export const REJECTIONS = {
  wrong_details: "Wrong details",
  not_a_doctor: "Not a doctor",
  looks_automated: "Looks automated",
  duplicate: "A duplicate",
  other: "Something else",
};

export const ANSWERS = { information: "Wants information", call: "Wants a call", no: "Not interested" };
export const SPECIALTIES = Object.fromEntries(
  [
    "radiation_oncology surgical_oncology medical_oncology hematology palliative_care pain_medicine",
    "interventional_radiology neurosurgery spine_surgery orthopedic_surgery nurse_practitioner physician_assistant",
    "family_medicine internal_medicine other",
  ]
    .join(" ")
    .split(" ")
    .map((name) => [name, plain(name)]),
);
const VALUES = {
  state: { ...STATES, none: "No state given" },
  specialty: { ...SPECIALTIES, none: "None given" },
  source: { patient: "Patients", caregiver: "Caregivers" },
  language: { en: "English", es: "Spanish" },
};
/** The filters of the referrals, by their names in the API: what each value is called. */
export const FILTERS = {
  stage: { label: "Stage", values: Object.fromEntries(Object.entries(STAGES).map(([value, { name }]) => [value, name])) },
  reason: { label: "Reason", values: REASONS, isListOnly: true },
  state: { label: "State", values: STATES },
  specialty: { label: "Specialty", values: SPECIALTIES },
};
export const DIMENSIONS = { state: "State", specialty: "Specialty", source: "Sent by", language: "Language" };

export const KINDS = {
  held: { name: "Held", means: "They look odd, or a robot may have sent them. Nobody is written to before you decide." },
  failed: { name: "Failed", means: "Sending did not work, and trying again by itself ended." },
  by_post: { name: "By post", means: "No e-mail address: print a letter, call, or add an address you have found." },
  call: { name: "Calls", means: "Doctors who asked to be called." },
};

const HAPPENED = {
  ...Object.fromEntries(Object.entries(FACTS).map(([name, fact]) => [name, fact.name])),
  scanned: "A mail system’s scanner looked at it",
  delayed: "Delivery was delayed",
  soft_bounced: "Came back for now",
  rejected: "Refused by the mail service",
  opted_in: "The opt-out was taken back",
  closed: "Closed",
  held: "Held for a person",
  by_post: "To be told by post",
  joined: "Joined another referral",
  message: "Message sent",
  message_sent: "Message sent",
  returned: "Message came back",
  approve: "Approved",
  approved: "Approved",
  reject: "Rejected",
  retry: "Put back to be sent",
  retried: "Put back to be sent",
  letter_sent: "Letter posted",
  called: "Called",
  called_back: "Called back",
  add_email: "E-mail address added",
  email_added: "E-mail address added",
  resume: "Sending resumed",
};

export const happened = (what) => HAPPENED[what] ?? plain(what);
export const reason = (name) => REASONS[name] ?? plain(name);
export const valueOf = (dimension, value) => VALUES[dimension]?.[value] ?? plain(value);
export const step = (name) => (name?.startsWith("reminder") ? `Reminder${number(name)}` : plain(name));

function number(name) {
  const found = name.split("_")[1];
  return found && found !== "1" ? ` ${found}` : "";
}

/** A name of the API's that has no words of its own yet: still readable. */
export function plain(name) {
  const words = String(name ?? "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
