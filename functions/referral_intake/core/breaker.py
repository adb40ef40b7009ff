"""The breaker: before the mail service would stop the account for bounces and complaints, a campaign stops itself.

Amazon SES looks at an account from a bounce rate of 5 % or a complaint rate of 0.1 % on, and stops it at 10 % or 0.5 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import PauseReason

COUNTED: tuple[str, ...] = (Milestone.DELIVERED, Milestone.BOUNCED, Milestone.COMPLAINED)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a campaign stops. Rates are over the window; one mishap among few messages says nothing yet."""

    window: timedelta
    minimum_volume: int
    minimum_mishaps: int
    bounce_rate: float
    complaint_rate: float


Counts = Mapping[tuple[date, str], int]
"""By day (UTC) and fact: how many messages were delivered, bounced, complained of."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A campaign that stopped itself, and what became of its messages within the window."""

    campaign: str
    reason: str
    at: datetime
    window: timedelta
    delivered: int
    bounced: int
    complained: int

    def rate(self, mishaps: int) -> float:
        return mishaps / max(1, self.delivered + self.bounced)


@dataclass(frozen=True, slots=True)
class State:
    """How it stands with a campaign's breaker: whether it is open, and what the policy's window holds."""

    is_open: bool
    delivered: int
    bounced: int
    complained: int

    def rate(self, mishaps: int) -> float:
        return mishaps / max(1, self.delivered + self.bounced)


@dataclass(frozen=True, slots=True)
class Pause:
    """A campaign that is stopped until a person resumes it: why, and since when."""

    reason: str
    since: datetime


def trips(counts: Counts, policy: BreakerPolicy, today: date) -> PauseReason | None:
    """Return why the campaign must be paused, if it must."""
    total = totals(counts, policy, today)
    volume = total[Milestone.DELIVERED] + total[Milestone.BOUNCED]
    if volume < policy.minimum_volume:
        return None
    for fact, rate, reason in (
        (Milestone.BOUNCED, policy.bounce_rate, PauseReason.BOUNCES),
        (Milestone.COMPLAINED, policy.complaint_rate, PauseReason.COMPLAINTS),
    ):
        if total[fact] >= policy.minimum_mishaps and total[fact] > rate * volume:
            return reason
    return None


def totals(counts: Counts, policy: BreakerPolicy, today: date) -> dict[str, int]:
    """How many of each fact the policy's window holds."""
    return {fact: _within(counts, fact, today - policy.window) for fact in COUNTED}


def _within(counts: Counts, fact: str, after: date) -> int:
    return sum(count for (day, what), count in counts.items() if what == fact and day > after)
