"""The breaker: pause a campaign before Amazon SES pauses the account for bounces and complaints.

Amazon SES reviews an account at a bounce rate of 5% or a complaint rate of 0.1%. It pauses sending at 10% or 0.5%.
Anyone can submit dead addresses, so each source (the submitter's network address on one day) counts once. All bounces
and complaints together have limits of their own. docs/operate.md has the arithmetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import PauseReason

COUNTED_MILESTONES: tuple[str, ...] = (Milestone.DELIVERED, Milestone.BOUNCED, Milestone.COMPLAINED)

SOURCE_COUNTS: dict[str, str] = {Milestone.BOUNCED: "bounced_sources", Milestone.COMPLAINED: "complained_sources"}
"""The names under which the sources of bounces and of complaints are counted."""

# Limits for all bounces and complaints, whatever their sources: four fifths of the rates at which SES pauses sending.
# SES judges by a representative volume, so they need more messages than the limits for distinct sources.
_TOTAL_RATES = {Milestone.BOUNCED: 0.08, Milestone.COMPLAINED: 0.004}
_TOTAL_VOLUME_FACTOR = 5


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a campaign pauses itself. Counts and rates are those of the window.

    Bounces and complaints count once for each source. Below `minimum_volume` messages, or for fewer than
    `minimum_sources` sources, a rate has no effect.
    """

    window: timedelta
    minimum_volume: int
    minimum_sources: int
    bounce_rate: float
    complaint_rate: float


DailyCounts = Mapping[tuple[date, str], int]
"""Numbers by day (UTC) and name: messages for each of COUNTED_MILESTONES, and sources for each of SOURCE_COUNTS."""


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
        sources = _within(counts, SOURCE_COUNTS[fact], today - policy.window)
        if sources >= policy.minimum_sources and sources > rate * volume:
            return reason
        if volume >= _TOTAL_VOLUME_FACTOR * policy.minimum_volume and total[fact] > _TOTAL_RATES[fact] * volume:
            return reason
    return None


def window_counts(counts: DailyCounts, policy: BreakerPolicy, today: date) -> dict[str, int]:
    """Return the count of each milestone within the policy's window."""
    return {fact: _within(counts, fact, today - policy.window) for fact in COUNTED_MILESTONES}


def _within(counts: DailyCounts, name: str, after: date) -> int:
    return sum(count for (day, what), count in counts.items() if what == name and day > after)
