"""The breaker: pause a campaign before Amazon SES pauses the account for bounces and complaints.

Amazon SES reviews an account at a bounce rate of 5% or a complaint rate of 0.1%. It pauses sending at 10% or 0.5%.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import PauseReason

COUNTED: tuple[str, ...] = (Milestone.DELIVERED, Milestone.BOUNCED, Milestone.COMPLAINED)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a campaign pauses itself. Rates are over the window.

    Below `minimum_volume` messages, or below `minimum_mishaps` bounces or complaints, a rate has no effect.
    """

    window: timedelta
    minimum_volume: int
    minimum_mishaps: int
    bounce_rate: float
    complaint_rate: float


Counts = Mapping[tuple[date, str], int]
"""Numbers of delivered, bounced and complained messages, by day (UTC) and fact."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A campaign that paused itself, with the counts of its messages within the window."""

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
    """The state of a campaign's breaker: whether it is open, and the counts within the policy's window."""

    is_open: bool
    delivered: int
    bounced: int
    complained: int

    def rate(self, mishaps: int) -> float:
        return mishaps / max(1, self.delivered + self.bounced)


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a campaign is paused, and since when. It stays paused until a person resumes it."""

    reason: str
    since: datetime


def trips(counts: Counts, policy: BreakerPolicy, today: date) -> PauseReason | None:
    """Return why the campaign must pause, or None if it may go on."""
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
    """Return the count of each fact within the policy's window."""
    return {fact: _within(counts, fact, today - policy.window) for fact in COUNTED}


def _within(counts: Counts, fact: str, after: date) -> int:
    return sum(count for (day, what), count in counts.items() if what == fact and day > after)
