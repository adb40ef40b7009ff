"""A campaign: one product's page, messages, sender, policy and approval, all of it data."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from referral_intake.core.breaker import BreakerPolicy


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks, as every message must say (CAN-SPAM: truthful sender, postal address)."""

    company: str
    display_name: str
    reply_to: str
    postal_address: str
    product_url: str


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a doctor may hear of this campaign, and when a referral is given up.

    A reminder follows `reminder_after` the message before it. `time_zone` is for doctors whose own does not follow from
    their state. `per_domain_per_day` is how many messages one mail domain may get in a day (UTC). More names for one
    address, or addresses for one NPI, than these are looked at by a person.
    """

    cooldown: timedelta
    expires_after: timedelta
    reminders: int
    reminder_after: timedelta
    time_zone: ZoneInfo
    per_domain_per_day: int
    names_per_address: int
    addresses_per_npi: int


@dataclass(frozen=True, slots=True)
class Approval:
    """Which wording was approved, by whom, and until when it may be sent (both days inclusive).

    `content` holds the path of every approved file, in the templates folder, with the file's digest.
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
    """Data of `campaign.toml` and `approval.toml` in `templates/campaigns/<name>/`."""

    name: str
    product: str
    locales: tuple[str, ...]
    mail_locale: str
    sender: Sender
    policy: Policy
    approval: Approval
    breaker: BreakerPolicy


class Campaigns(Protocol):
    """All campaigns. `aws.campaign_files` implements it."""

    def get(self, name: str) -> Campaign | None:
        """Return the campaign of this name, if any."""

    def names(self) -> list[str]:
        """Return the names of all campaigns, sorted."""
