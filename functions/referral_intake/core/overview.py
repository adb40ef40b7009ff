"""What marketing sees of a campaign, worked out from the counters: numbers, rates, medians, and the period before.

Two ways to count by day, each for its own question. "How much happened in this period" counts each fact on its own day:
`Period.facts`, and every series. "What became of those who were submitted in this period" counts by the referral's day:
`Period.funnel`, where each step so is a part of the one before; of recent days, much is still to come.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from referral_intake.core.counting import ENGAGED
from referral_intake.core.milestones import Milestone

FUNNEL = (Milestone.SUBMITTED, Milestone.SENT, Milestone.DELIVERED, ENGAGED, Milestone.ANSWERED)
ANSWERS = "answer/"
CLOSINGS = "closed/"

# From these on, Amazon SES reviews an account, and stops it. Of all that an account sends: ours is one part.
SES_REVIEWS: Mapping[str, float] = {Milestone.BOUNCED: 0.05, Milestone.COMPLAINED: 0.001}
SES_STOPS: Mapping[str, float] = {Milestone.BOUNCED: 0.10, Milestone.COMPLAINED: 0.005}

Facts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the funnel. `of_before` is its share of the step before it; None where that is nothing."""

    name: str
    count: int
    of_before: float | None
    of_all: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day, or in one week: then `day` is its first, a Monday."""

    day: date
    facts: Facts

    def rate(self, mishap: str) -> float | None:
        """Of `bounced` or `complained`, as the breaker works it out."""
        return mishap_rate(self.facts, mishap)


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included. `medians` are by step; None where nobody took it."""

    first: date
    last: date
    facts: Facts
    funnel: tuple[Rung, ...]
    medians: Mapping[str, timedelta | None]

    def rate(self, mishap: str) -> float | None:
        return mishap_rate(self.facts, mishap)

    @property
    def answers(self) -> Facts:
        return _named(self.facts, ANSWERS)

    @property
    def closings(self) -> Facts:
        return _named(self.facts, CLOSINGS)


@dataclass(frozen=True, slots=True)
class Overview:
    """`stages` says how many referrals are in each open stage now."""

    campaign: str
    period: Period
    before: Period
    days: tuple[Day, ...]
    stages: Mapping[str, int]


def funnel(cohort: Facts) -> tuple[Rung, ...]:
    return tuple(
        Rung(
            name,
            cohort.get(name, 0),
            _share(cohort, name, FUNNEL[max(0, number - 1)]),
            _share(cohort, name, Milestone.SUBMITTED),
        )
        for number, name in enumerate(FUNNEL)
    )


def mishap_rate(facts: Facts, mishap: str) -> float | None:
    volume = facts.get(Milestone.DELIVERED, 0) + facts.get(Milestone.BOUNCED, 0)
    return facts.get(mishap, 0) / volume if volume else None


def period_before(first: date, last: date) -> tuple[date, date]:
    """As many days, right before."""
    return first - (last - first) - timedelta(days=1), first - timedelta(days=1)


def days_of(first: date, last: date) -> tuple[date, ...]:
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def by_week(days: Sequence[Day]) -> tuple[Day, ...]:
    """Weeks from Monday to Sunday. The first and the last may be cut."""
    weeks: dict[date, Counter[str]] = {}
    for one in days:
        weeks.setdefault(one.day - timedelta(days=one.day.weekday()), Counter()).update(one.facts)
    return tuple(Day(monday, facts) for monday, facts in sorted(weeks.items()))


def together(every: Sequence[Facts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for facts in every:
        total.update(facts)
    return total


def _share(facts: Facts, name: str, of: str) -> float | None:
    whole = facts.get(of, 0)
    return facts.get(name, 0) / whole if whole else None


def _named(facts: Facts, prefix: str) -> Facts:
    return {name.removeprefix(prefix): count for name, count in facts.items() if name.startswith(prefix)}
