"""Derive the numbers to which a referral contributes, only from its current state.

So a newer stream record makes up for a lost one, and a recount of all referrals in the table gives the same numbers as
counting the stream's records. All days are in UTC.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from referral_intake.core.durations import DURATIONS, bucket
from referral_intake.core.milestones import Milestone
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.specialties import specialty_group

TOTAL, COHORT, NOW, TIME = "total", "cohort", "now", "time"
STATE, SPECIALTY, SOURCE, LANGUAGE = "state", "specialty", "source", "language"
BREAKDOWNS = (STATE, SPECIALTY, SOURCE, LANGUAGE)
NO_STATE = "none"
ENGAGED = "engaged"
"""The earliest of opened, clicked and answered. All three are done by a person: scanners are counted separately."""
_BY_PEOPLE = frozenset({Milestone.OPENED, Milestone.CLICKED, Milestone.ANSWERED})


class CounterKey(NamedTuple):
    """One number of the dashboard. `day` is None for the current state.

    In `total` and in a breakdown, a fact counts on its own day. In `cohort`, it counts on the day of the referral's
    submission. In `time`, `value` is the step, `fact` is the bucket, and `day` is the day on which the step ended.
    """

    campaign: str
    dimension: str
    value: str
    day: date | None
    fact: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The contribution of one referral to the numbers. It is small enough to store for each referral.

    `values` has one value for each breakdown. `facts` are (day, fact). `times` are (day, step, bucket).
    """

    campaign: str
    submitted_on: date
    values: Mapping[str, str]
    stage: str | None
    facts: frozenset[tuple[date, str]]
    times: frozenset[tuple[date, str, int]]


def tally(referral: Referral) -> Tally:
    moments = dict(referral.milestones)
    if people := [at for name, at in moments.items() if name in _BY_PEOPLE]:
        moments[ENGAGED] = min(people)
    facts = {name: _day(at) for name, at in moments.items()}
    if referral.closed_at:
        facts[f"closed/{referral.reason}"] = _day(referral.closed_at)
    if referral.answer and Milestone.ANSWERED in moments:
        facts[f"answer/{referral.answer.value}"] = facts[Milestone.ANSWERED]
    return Tally(
        campaign=referral.campaign,
        submitted_on=_day(referral.submitted_at),
        values={
            STATE: referral.doctor.address.state or NO_STATE,
            SPECIALTY: specialty_group(referral.doctor.specialty),
            SOURCE: referral.submitted_by,
            LANGUAGE: referral.locale,
        },
        stage=None if referral.stage is Stage.CLOSED else referral.stage.value,
        facts=frozenset((day, fact) for fact, day in facts.items()),
        times=frozenset(_times(moments)),
    )


def _times(moments: Mapping[str, datetime]) -> Iterator[tuple[date, str, int]]:
    for step, (start, end) in DURATIONS.items():
        if start in moments and end in moments:
            yield _day(moments[end]), step, bucket(moments[end] - moments[start])


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def contributions(tally: Tally | None) -> Counter[CounterKey]:
    """Return the numbers to which a tally adds one each. None adds to no number."""
    return Counter(_contributions(tally)) if tally else Counter()


def _contributions(tally: Tally) -> Iterator[CounterKey]:
    for day, fact in tally.facts:
        yield CounterKey(tally.campaign, TOTAL, "", day, fact)
        yield CounterKey(tally.campaign, COHORT, "", tally.submitted_on, fact)
        for dimension, value in tally.values.items():
            yield CounterKey(tally.campaign, dimension, value, day, fact)
    for day, step, number in tally.times:
        yield CounterKey(tally.campaign, TIME, step, day, str(number))
    if tally.stage:
        yield CounterKey(tally.campaign, NOW, "", None, tally.stage)


def difference(before: Tally | None, after: Tally | None) -> Counter[CounterKey]:
    """Return what to add to each number so that it counts `after` instead of `before`. Zeros are left out."""
    change = contributions(after)
    change.subtract(contributions(before))
    return Counter({count: amount for count, amount in change.items() if amount})
