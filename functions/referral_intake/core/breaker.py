"""The breaker: pause a campaign before Amazon SES pauses the account for bounces and complaints.

Amazon SES reviews an account at a bounce rate of 5% or a complaint rate of 0.1%. It pauses sending at 10% or 0.5%.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import PauseReason

COUNTED_MILESTONES: tuple[str, ...] = (Milestone.DELIVERED, Milestone.BOUNCED, Milestone.COMPLAINED)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a campaign pauses itself. Counts and rates are those of the window.

    Below `minimum_volume` messages, or below `minimum_mishaps` bounces or complaints, a rate has no effect.
    """

    window: timedelta
    minimum_volume: int
    minimum_mishaps: int
    bounce_rate: float
    complaint_rate: float


DailyCounts = Mapping[tuple[date, str], int]
"""Numbers of messages by day (UTC) and milestone, for each of COUNTED_MILESTONES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCounts:
    """The numbers of a campaign's messages within the policy's window."""

    delivered: int
    bounced: int
    complained: int

    @property
    def bounce_rate(self) -> float:
        return self.bounced / self._volume

    @property
    def complaint_rate(self) -> float:
        return self.complained / self._volume

    @property
    def _volume(self) -> int:
        return max(1, self.delivered + self.bounced)


@dataclass(frozen=True, slots=True)
class Trip(WindowCounts):
    """A campaign that paused itself, with the counts at that time."""

    campaign: str
    reason: str
    at: datetime
    window: timedelta


@dataclass(frozen=True, slots=True)
class BreakerState(WindowCounts):
    """Whether a campaign's breaker is open, and the current counts."""

    is_open: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a campaign is paused, and since when. It stays paused until a person resumes it."""

    reason: str
    since: datetime


def trip_reason(counts: DailyCounts, policy: BreakerPolicy, today: date) -> PauseReason | None:
    """Return why the campaign must pause, or None if it need not."""
    total = window_counts(counts, policy, today)
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


def window_counts(counts: DailyCounts, policy: BreakerPolicy, today: date) -> dict[str, int]:
    """Return the count of each milestone within the policy's window."""
    return {fact: _within(counts, fact, today - policy.window) for fact in COUNTED_MILESTONES}


def _within(counts: DailyCounts, fact: str, after: date) -> int:
    return sum(count for (day, what), count in counts.items() if what == fact and day > after)
