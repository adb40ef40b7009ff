"""Why a referral waits, is held or is closed, why a campaign is paused, and why a letter or a report is missing.

The values are stored and shown in the API, so they must never change. An item can have a reason that this version does
not know, from another version or as an error code of Amazon SES. So a stored reason is read as a plain string.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why an open referral waits or is held."""

    # Held: the referral is suspicious, and a person decides before any message is sent.
    DISPOSABLE_DOMAIN = "disposable_domain"  # The address is at a provider of throwaway addresses.
    ROLE_ADDRESS = "role_address"  # The mailbox is of a role, such as postmaster@ or info@, not of a person.
    MANY_FROM_ONE_SOURCE = "many_from_one_source"  # One network address sent more than the daily limit.
    MANY_FROM_ONE_NETWORK = "many_from_one_network"  # The addresses of one network sent more than the daily limit.
    SOURCE_BOUNCED = "source_bounced"  # A message to another doctor bounced, submitted from the same network address.
    MANY_NAMES_FOR_ONE_ADDRESS = "many_names_for_one_address"
    SEVERAL_ADDRESSES_FOR_ONE_NPI = "several_addresses_for_one_npi"
    SEVERAL_ADDRESSES_FOR_ONE_NAME = "several_addresses_for_one_name"  # At one mail domain.
    MANY_AT_ONE_DOMAIN = "many_at_one_domain"  # More doctors at one mail domain than the limit.
    MANY_AT_ONE_PHONE = "many_at_one_phone"  # More doctors with one phone number than the limit.
    MANY_AT_ONE_PRACTICE = "many_at_one_practice"  # More doctors at one practice than the limit.
    DAILY_TOTAL = "daily_total"  # The campaign sent as many introductions today as may be sent unseen.
    UNUSUAL_NAME = "unusual_name"  # It does not look like a person's name.

    # Held: a person compares the doctor with the doctor of another referral.
    SHARED_MAILBOX = "shared_mailbox"  # The same mailbox, but another NPI.
    POSSIBLY_SAME_DOCTOR = "possibly_same_doctor"  # The same name, and the same phone or ZIP code.
    MAY_HAVE_OPTED_OUT = "may_have_opted_out"  # One of the two has opted out or complained.

    # Held: a bot may have sent the referral.
    NO_PROOF_OF_WORK = "unproven"  # No valid proof of work.
    TOO_FAST = "too_fast"  # Sent sooner than a person can fill in the form.
    CROSS_SITE = "cross_site"  # A page of another site sent the form.
    HONEYPOT = "trap"  # The hidden field has a value.

    # Held: sending failed.
    RETRIES_EXHAUSTED = "given_up"  # Too many failed attempts in a row.
    CAMPAIGN_UNKNOWN = "campaign_unknown"  # The deployed templates have no such campaign.
    CONTENT_REFUSED = "content_refused"  # The mail server refused the message, not the address.
    BOUNCE_UNDETERMINED = "bounce_undetermined"  # It bounced, and the report does not say why.
    SEND_UNCLEAR = "send_unclear"  # SES was called, and neither its response nor an event arrived.
    RESTORED = "restored"  # From a backup: a message may have been sent since.

    # By post.
    NO_EMAIL = "no_email"
    EMAIL_BOUNCED = "email_bounced"  # The mailbox does not exist, or never accepts mail.
    MAILBOX_OPTED_OUT = "mailbox_opted_out"  # Another doctor, who uses the same mailbox, has opted out.

    # Waiting.
    NOT_APPROVED = "not_approved"  # The approval does not cover this wording or this day.
    SCHEDULED = "scheduled"  # The introduction waits for the end of the grace period, or for office hours.
    THROTTLED = "paced"  # At the allowed rate, other messages are sent first.
    DAILY_QUOTA = "daily_quota"  # The account's SES quota for the day is used up.
    DOMAIN_CAP = "domain_cap"  # The daily limit for the recipient's mail domain is reached.
    PAUSED = "paused"  # The campaign's breaker is open.
    JOINED = "joined"  # Another referral has claimed the doctor, and its message is not sent yet.
    SOFT_BOUNCED = "soft_bounced"  # The message bounced temporarily, for instance because of a full mailbox.

    # Waiting after a failure: nothing was sent, and each retry waits longer.
    LOST_BY_STREAM = "lost_by_stream"  # No run picked the referral up.
    OPT_OUT_CHECK_FAILED = "last_look_failed"  # The opt-out could not be checked right before sending.
    SES_UNREACHABLE = "ses_unreachable"  # No connection, or no credentials.
    IDENTITY_NOT_VERIFIED = "identity_not_verified"  # SES has not verified the sender, or is in its sandbox.
    # The error codes of SES that also mean "later". Any other code of a clear refusal is stored as it is.
    SES_ACCESS_DENIED = "AccessDeniedException"
    SES_ACCOUNT_SUSPENDED = "AccountSuspendedException"
    SES_LIMIT_EXCEEDED = "LimitExceededException"
    SES_MAIL_FROM_NOT_VERIFIED = "MailFromDomainNotVerifiedException"
    SES_NOT_FOUND = "NotFoundException"  # For instance the configuration set.
    SES_SENDING_PAUSED = "SendingPausedException"
    SES_THROTTLED = "ThrottlingException"
    SES_TOO_MANY_REQUESTS = "TooManyRequestsException"


class Closing(StrEnum):
    """Why a referral was closed, the strongest reason first."""

    COMPLAINED = "complained"  # The doctor reported a message as spam.
    OPTED_OUT = "opted_out"
    BOUNCED = "bounced"  # The address does not exist, or never accepts mail.
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"  # By the patient, before anything was sent.
    JOINED = "joined"  # The doctor was told through another referral.
    EXPIRED = "expired"  # The campaign's time limit for an answer has passed.
    REJECTED = "rejected"  # By a person, or permanently by the mail service.

    def outranks(self, reason: str | None) -> bool:
        """Whether this is stronger than a referral's current reason. Reasons of open referrals are the weakest."""
        strength = [closing.value for closing in Closing]
        return reason not in strength or strength.index(self.value) < strength.index(reason)


class PauseReason(StrEnum):
    """Why a campaign's breaker opened."""

    BOUNCES = "bounces"
    COMPLAINTS = "complaints"


class LetterReason(StrEnum):
    """Why a letter can't be printed. A closing can be a reason, too: then the doctor must not get a letter."""

    NO_ADDRESS = "no_postal_address"
    NOT_IN_FONT = "letters_not_in_font"
    TOO_LONG = "too_long"


class ReportFailure(StrEnum):
    """Why a report failed."""

    CAMPAIGN_UNKNOWN = "campaign_unknown"
    UNAPPROVED = "unapproved"  # Letters: the approval does not cover this wording or this day.
    RETRIES_EXHAUSTED = "gave_up"  # Too many consecutive runs made no progress.
