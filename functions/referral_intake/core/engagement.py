"""Distinguish people who open a message or follow its links from mail scanners, which do so first.

The events are stored. The classification is derived again from all of them each time, so it does not depend on the
order of their arrival.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_intake.core.milestones import Milestone

# Scanners open a message within this time after its delivery.
SCANNER_OPENS_WITHIN = timedelta(seconds=10)
# Scanners follow different links of a message within this time. People do not.
SCANNER_CLICKS_WITHIN = timedelta(seconds=2)


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


def _is_scanner(one: Engagement, all_engagements: AbstractSet[Engagement], delivered_at: datetime | None) -> bool:
    if one.by_known_scanner or (delivered_at and one.at - delivered_at < SCANNER_OPENS_WITHIN):
        return True
    return one.kind == Milestone.CLICKED and any(
        (other.step, other.kind) == (one.step, Milestone.CLICKED)
        and other.link != one.link
        and abs(other.at - one.at) < SCANNER_CLICKS_WITHIN
        for other in all_engagements
    )
