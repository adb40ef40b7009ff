"""The overview of a campaign, derived from the counters: numbers, rates, medians, and the previous period.

There are two ways to count by day. "How much happened in this period" counts each fact on its own day: `Period.facts`
and every series. "What happened to the referrals submitted in this period" counts by the referral's day:
`Period.funnel`, where each step is a subset of the previous one. For recent days, that count is not final yet.
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

# At these rates, Amazon SES reviews an account and stops it. They cover all mail of the account, not only this product.
SES_REVIEWS: Mapping[str, float] = {Milestone.BOUNCED: 0.05, Milestone.COMPLAINED: 0.001}
SES_STOPS: Mapping[str, float] = {Milestone.BOUNCED: 0.10, Milestone.COMPLAINED: 0.005}

Facts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """A step of the funnel. `of_before` is its share of the previous step, or None if that is 0."""

    name: str
    count: int
    of_before: float | None
    of_all: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """The facts of one day, or of one week: then `day` is its first, a Monday."""

    day: date
    facts: Facts

    def rate(self, milestone: str) -> float | None:
        """Return the rate of `bounced` or `complained` messages, as the breaker computes it."""
        return rate_per_message(self.facts, milestone)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both inclusive.

    `medians` are by step, None if no referral completed the step.
    """

    first: date
    last: date
    facts: Facts
    funnel: tuple[FunnelStep, ...]
    medians: Mapping[str, timedelta | None]

    def rate(self, milestone: str) -> float | None:
        return rate_per_message(self.facts, milestone)

    @property
    def answers(self) -> Facts:
        return _with_prefix(self.facts, ANSWERS)

    @property
    def closings(self) -> Facts:
        return _with_prefix(self.facts, CLOSINGS)


@dataclass(frozen=True, slots=True)
class Overview:
    """`stages` has the current number of referrals in each open stage."""

    campaign: str
    period: Period
    before: Period
    days: tuple[Day, ...]
    stages: Mapping[str, int]


def funnel(cohort: Facts) -> tuple[FunnelStep, ...]:
    return tuple(
        FunnelStep(
            name,
            cohort.get(name, 0),
            _share(cohort, name, FUNNEL[max(0, number - 1)]),
            _share(cohort, name, Milestone.SUBMITTED),
        )
        for number, name in enumerate(FUNNEL)
    )


def rate_per_message(facts: Facts, milestone: str) -> float | None:
    volume = facts.get(Milestone.DELIVERED, 0) + facts.get(Milestone.BOUNCED, 0)
    return facts.get(milestone, 0) / volume if volume else None


def previous_period(first: date, last: date) -> tuple[date, date]:
    """Return the range of the same length that ends right before this one."""
    return first - (last - first) - timedelta(days=1), first - timedelta(days=1)


def days_between(first: date, last: date) -> tuple[date, ...]:
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def by_week(days: Sequence[Day]) -> tuple[Day, ...]:
    """Return weeks from Monday to Sunday. The first and the last can be partial."""
    weeks: dict[date, Counter[str]] = {}
    for one in days:
        weeks.setdefault(one.day - timedelta(days=one.day.weekday()), Counter()).update(one.facts)
    return tuple(Day(monday, facts) for monday, facts in sorted(weeks.items()))


def sum_facts(every: Sequence[Facts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for facts in every:
        total.update(facts)
    return total


def _share(facts: Facts, name: str, of: str) -> float | None:
    whole = facts.get(of, 0)
    return facts.get(name, 0) / whole if whole else None


def _with_prefix(facts: Facts, prefix: str) -> Facts:
    return {name.removeprefix(prefix): count for name, count in facts.items() if name.startswith(prefix)}
