"""A campaign: the page, messages, sender, policy and approval of one product, all stored as data."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from referral_intake.core.breaker import BreakerPolicy


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender, as every message must state it (CAN-SPAM: truthful sender, postal address)."""

    company: str
    display_name: str
    reply_to: str
    postal_address: str
    phone: str
    product_url: str

    @property
    def phone_digits(self) -> str:
        """The phone number for a `tel:` link."""
        return "".join(character for character in self.phone if character in "+0123456789")


class InformationPolicy(StrEnum):
    """How a doctor who asks for information gets the campaign's material."""

    BY_HAND = "by_hand"  # After a person chose to send it.
    AUTOMATIC = "automatic"  # At once.


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a doctor gets messages of this campaign, and when a referral expires.

    A reminder follows `reminder_after` the previous message. `time_zone` applies to doctors whose state does not
    determine one. `per_domain_per_day` limits the messages to one mail domain per day (UTC). A referral is held for a
    person's review if its email address has more names than `names_per_address`, or its NPI more addresses than
    `addresses_per_npi`.

    These limit how many different doctors are introduced per day, and WEEK_FACTOR times as many per week:
    `introductions_per_domain` at one mail domain, `introductions_per_practice` with one phone, or at one practice and
    ZIP code, `addresses_per_name` with one name at one mail domain. `unseen_per_day` limits the introductions that are
    sent in a day without a person's approval. Referrals to a role address, such as info@, are held unless
    `mails_role_addresses`.

    The introduction is sent after the time of `grace`, in which the patient can withdraw the
    referral, and if `introduction_in_office_hours`, only in the office hours of the doctor's state.
    """

    cooldown: timedelta
    expires_after: timedelta
    reminders: int
    reminder_after: timedelta
    time_zone: ZoneInfo
    per_domain_per_day: int
    names_per_address: int
    addresses_per_npi: int
    information: InformationPolicy = InformationPolicy.BY_HAND
    grace: timedelta = timedelta(0)
    introduction_in_office_hours: bool = False
    introductions_per_domain: int = 10
    introductions_per_practice: int = 10
    addresses_per_name: int = 2
    unseen_per_day: int = 500
    mails_role_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """Which wording was approved, by whom, and on which days it may be sent (both dates inclusive).

    `content` has the path of every approved file, relative to the templates folder, and the file's digest.
    """

    version: str
    approved_by: str
    approved_on: date
    expires_on: date
    content: frozenset[tuple[str, str]]

    def covers(self, day: date) -> bool:
        return self.approved_on <= day <= self.expires_on


@dataclass(frozen=True, slots=True)
class Campaign:
    """Data of `campaign.toml` and `approval.toml` in `templates/campaigns/<name>/`.

    `has_material` says that it has a message for doctors who ask for information.
    """

    name: str
    product: str
    locales: tuple[str, ...]
    mail_locale: str
    sender: Sender
    policy: Policy
    approval: Approval
    breaker: BreakerPolicy
    has_material: bool = False


class Campaigns(Protocol):
    """All campaigns. `aws.campaign_files` implements it."""

    def get(self, name: str) -> Campaign | None:
        """Return the campaign of this name, if any."""

    def names(self) -> list[str]:
        """Return the names of all campaigns, sorted."""
