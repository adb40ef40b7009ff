"""Distinguish people who open a message or follow its links from mail scanners, which do so first.

The events are stored. The classification is derived again from all of them each time, so it does not depend on the
order of their arrival.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_intake.core.milestones import Milestone

# A scanner opens a message as it arrives and follows its links. A person needs more time, most before a click.
FASTEST = {Milestone.OPENED: timedelta(seconds=10), Milestone.CLICKED: timedelta(seconds=30)}
# A person does not follow two links of a message within this time.
BETWEEN_LINKS = timedelta(seconds=5)
# A person does not open a message and follow a link within this time.
BETWEEN_OPEN_AND_CLICK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Engagement:
    """One open of a step's message (`kind` is OPENED) or click on a link in it (CLICKED), by a person or a scanner."""

    at: datetime
    step: str
    kind: str
    link: str = ""
    by_known_scanner: bool = False


def first_times(
    engagements: AbstractSet[Engagement], delivered_at: Mapping[str, datetime | None]
) -> dict[str, datetime]:
    """Return the first times of `opened` and `clicked` by a person and of `scanned`. `delivered_at` is by step."""
    first: dict[str, datetime] = {}
    for name, one in classify(engagements, delivered_at):
        first.setdefault(name, one.at)
    return first


def classify(
    engagements: AbstractSet[Engagement], delivered_at: Mapping[str, datetime | None]
) -> list[tuple[str, Engagement]]:
    """Return all engagements by time, each with its milestone: OPENED or CLICKED by a person, or SCANNED."""
    return [
        (Milestone.SCANNED if _is_scanner(one, engagements, delivered_at.get(one.step)) else one.kind, one)
        for one in sorted(engagements)
    ]


def _is_scanner(one: Engagement, all_of_them: AbstractSet[Engagement], delivered_at: datetime | None) -> bool:
    if one.by_known_scanner or (delivered_at and one.at - delivered_at < FASTEST[Milestone(one.kind)]):
        return True
    return any(other.step == one.step and _are_by_a_program(one, other) for other in all_of_them)


def _are_by_a_program(one: Engagement, other: Engagement) -> bool:
    """Whether a person can't have done both, because too little time is between them."""
    between = abs(other.at - one.at)
    if one.kind != other.kind:
        return between <= BETWEEN_OPEN_AND_CLICK
    return one.kind == Milestone.CLICKED and other.link != one.link and between < BETWEEN_LINKS
