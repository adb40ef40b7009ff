// The dashboard's names for numbers, stages, reasons and events. tests/unit/dashboard/test_words.py compares the keys with
// the enums in functions/referral_intake. For this, each key must be on a line of its own.
import { STATES } from "./states.js";

export const FACTS = {
  submitted: { name: "Submitted", means: "People who named their doctor" },
  sent: { name: "Sent", means: "Doctors who were sent the first message" },
  delivered: { name: "Delivered", means: "Accepted by the doctor’s mail system" },
  engaged: { name: "Engaged", means: "A person opened it, followed a link or answered" },
  answered: { name: "Answered", means: "The doctor answered" },
  opted_out: { name: "Opted out", means: "The doctor wants no more messages", isBad: true },
  opened: { name: "Opened", means: "A person opened a message" },
  clicked: { name: "Clicked", means: "A person followed a link in a message" },
  bounced: { name: "Bounced", means: "The email address does not work", isBad: true },
  complained: { name: "Complaints", means: "The doctor marked a message as spam", isBad: true },
};
export const FUNNEL = ["submitted", "sent", "delivered", "engaged", "answered"];
export const NUMBERS = [...FUNNEL, "opted_out"];
export const SERIES = [...FUNNEL, "opened", "clicked", "bounced", "complained", "opted_out"];

export const STAGES = {
  held: { name: "Held", means: "a person must decide before anything is sent" },
  queued: { name: "Queued", means: "the message will be sent in a moment" },
  waiting: { name: "Waiting", means: "continues automatically" },
  sending: { name: "Sending", means: "a message is being sent" },
  sent: { name: "Sent", means: "waiting for an answer or for the next reminder" },
  by_post: { name: "By post", means: "a letter or a call is needed" },
  closed: { name: "Closed", means: "finished" },
};

export const REASONS = {
  complained: "The doctor marked a message as spam",
  opted_out: "The doctor opted out",
  bounced: "The email address does not work",
  answered: "The doctor answered",
  withdrawn: "Withdrawn by the patient",
  joined: "Contacted through another referral",
  expired: "No answer in time",
  rejected: "Rejected",
  disposable_domain: "A disposable email address",
  role_address: "The mailbox is of a role, such as info@",
  many_from_one_source: "Many referrals from one network address",
  many_from_one_network: "Many referrals from one network",
  source_bounced: "Another message bounced that was submitted from the same network address",
  many_names_for_one_address: "Several names for one email address",
  several_addresses_for_one_npi: "Several email addresses for one NPI",
  several_addresses_for_one_name: "Several email addresses for one name",
  many_at_one_domain: "Many doctors at one mail domain",
  many_at_one_phone: "Many doctors with one phone number",
  many_at_one_practice: "Many doctors at one practice",
  daily_total: "Above the number of messages a day that are sent unseen",
  shared_mailbox: "Another doctor, with another NPI, has the same email address",
  possibly_same_doctor: "May be the doctor of another referral",
  may_have_opted_out: "May be a doctor who has opted out",
  unusual_name: "The name does not look like a person’s name",
  unproven: "May be from a bot: the browser check is missing",
  too_fast: "May be from a bot: the form was filled in too fast",
  cross_site: "A page of another website sent the form",
  trap: "May be from a bot: a hidden field was filled in",
  given_up: "Sending failed several times",
  campaign_unknown: "The campaign no longer exists",
  send_unclear: "The doctor may already have the message",
  restored: "From a backup: the doctor may already have the message",
  content_refused: "The mail server refused the message, not the address",
  bounce_undetermined: "The message bounced, and it is unknown why",
  no_email: "No email address",
  email_bounced: "The email address does not work",
  mailbox_opted_out: "Another doctor with this email address has opted out",
  not_approved: "The wording is not approved for today",
  scheduled: "Scheduled for office hours, or for the end of the time to withdraw",
  paced: "Delayed to spread out messages",
  daily_quota: "The daily sending quota is used up",
  domain_cap: "The daily limit for this mail system is reached",
  paused: "The campaign is paused",
  soft_bounced: "The message bounced temporarily and will be sent again",
  lost_by_stream: "Not processed in time, and will be tried again",
  last_look_failed: "The opt-out check failed, and will be tried again",
  ses_unreachable: "Amazon SES could not be reached",
  identity_not_verified: "The sender is not verified in Amazon SES",
  AccessDeniedException: "Amazon SES denied access",
  AccountSuspendedException: "Amazon SES suspended the account",
  LimitExceededException: "A limit of Amazon SES is reached",
  MailFromDomainNotVerifiedException: "The sender’s domain is not verified in Amazon SES",
  NotFoundException: "A setting is missing in Amazon SES",
  SendingPausedException: "Amazon SES paused sending",
  ThrottlingException: "Amazon SES asked to send more slowly",
  TooManyRequestsException: "Amazon SES received too many requests",
};

/** Follows "Sending is paused, because …". */
export const PAUSE_REASONS = {
  bounces: "too many messages bounced",
  complaints: "too many doctors marked messages as spam",
};

/** More reasons why a letter was not printed. */
const LETTER_REASONS = {
  no_postal_address: "The postal address is incomplete",
  letters_not_in_font: "The name or address has characters that can’t be printed",
  too_long: "The name or address is too long for the letter",
};

export const REPORT_FAILURES = {
  campaign_unknown: "The campaign no longer exists.",
  unapproved: "The wording of the letters is not approved for today.",
  gave_up: "The report failed several times. Create it again, or contact your administrator.",
};

export const REJECTIONS = {
  wrong_details: "Wrong details",
  not_a_doctor: "Not a doctor",
  looks_automated: "Looks automated",
  duplicate: "Duplicate",
  other: "Another reason",
};

export const ANSWERS = {
  information: "Wants information",
  call: "Wants a call",
  no: "Not interested",
};
/** How a doctor's answer or opt-out reached a person. */
export const CHANNELS = {
  reply: "By reply to a message",
  letter: "By letter",
  phone: "By phone",
  in_person: "In person",
};
/** Why a complaint or an opt-out does not count. */
export const TAKE_BACK_REASONS = {
  not_the_doctor: "It came from an email address that is not the doctor’s",
  wrong_doctor: "It was recorded for the wrong doctor",
  by_mistake: "The doctor says it was a mistake",
  doctor_asked: "The doctor asked for messages",
};
/** The time of day for a call. */
export const CALL_TIMES = {
  any_time: "At any time",
  morning: "In the morning",
  midday: "Around noon",
  afternoon: "In the afternoon",
  evening: "In the evening",
};
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
  state: { ...STATES, none: "No state" },
  specialty: { ...SPECIALTIES, none: "No specialty" },
  source: { patient: "Patients", caregiver: "Caregivers" },
  language: { en: "English", es: "Spanish" },
};
/** The filters of the referrals, by their names in the API, with the name of each value. */
export const FILTERS = {
  stage: { label: "Stage", values: Object.fromEntries(Object.entries(STAGES).map(([value, { name }]) => [value, name])) },
  reason: { label: "Reason", values: REASONS, isListOnly: true },
  state: { label: "State", values: STATES },
  specialty: { label: "Specialty", values: SPECIALTIES },
  answer: { label: "Answer", values: ANSWERS },
};
export const DIMENSIONS = { state: "State", specialty: "Specialty", source: "Submitted by", language: "Language" };

/** What the held referrals of a group have in common. */
export const GROUPS = {
  source: "From one network address",
  network: "From one network",
  domain: "At one mail domain",
  phone: "With one phone number",
  practice: "At one practice",
  name: "One name with several email addresses",
  address: "One email address with several names",
  npi: "One NPI with several email addresses",
  total: "Above the number of messages a day that are sent unseen",
  unproven: "May be from bots, from several network addresses",
  suspicious: "Suspicious for several reasons",
};

export const KINDS = {
  held: { name: "Held", means: "Unusual referrals, some possibly from bots. Nothing is sent until you decide." },
  failed: { name: "Failed", means: "Sending failed, and automatic retries have ended." },
  by_post: { name: "By post", means: "No email address: print a letter, call, or add an email address." },
  call: { name: "Calls", means: "Doctors who asked for a call." },
  information: { name: "Information", means: "Doctors who asked for information." },
};

/** Events of the timeline that are not facts. */
const EVENTS = {
  scanned: "Checked by a mail scanner",
  delayed: "Delivery was delayed",
  soft_bounced: "Message bounced temporarily",
  rejected: "Refused by the mail service",
  opted_in: "Opt-out undone",
  withdrawn: "Withdrawn by the patient",
  complaint_taken_back: "Complaint taken back",
  closed: "Closed",
  held: "Held for review",
  by_post: "Moved to letters and calls",
  joined: "Joined another referral",
  returned: "Message bounced",
  approve: "Approved",
  reject: "Rejected",
  retry: "Queued again",
  letter_sent: "Letter posted",
  called: "Called",
  called_back: "Called back",
  send_information: "Information queued",
  information_sent: "Information sent",
  add_email: "Email address added",
  same_doctor: "Marked as the same doctor",
  another_doctor: "Marked as another doctor",
  doctor_answered: "Answer recorded",
  wants_no_more: "Opt-out recorded",
  wants_messages: "Wants messages again",
  take_back: "Taken back",
  undo_comparison: "Comparison taken back",
};

export const happened = (what) => FACTS[what]?.name ?? EVENTS[what] ?? plain(what);
export const reason = (name) => REASONS[name] ?? LETTER_REASONS[name] ?? (isCode(name) ? `Amazon SES: ${name}` : plain(name));
export const group = (name) => GROUPS[name.split("-")[0]] ?? "Similar referrals";
export const valueOf = (dimension, value) => VALUES[dimension]?.[value] ?? plain(value);
export const step = (name) => (name?.startsWith("reminder") ? `Reminder${number(name)}` : plain(name));

/** Error codes of Amazon SES are stored unchanged, such as "ExpiredTokenException". */
const isCode = (name) => /^[A-Z]\w*[a-z]\w*$/.test(name);

function number(name) {
  const found = name.split("_")[1];
  return found && found !== "1" ? ` ${found}` : "";
}

/** A readable form of an API name that has no words here. */
export function plain(name) {
  const words = String(name ?? "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
