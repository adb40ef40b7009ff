"""Who opened a message and followed its links: people, or the programs that look at mail before people do.

What is kept are the events. Which of them were people's is worked out anew from all of them each time, so that it does
not depend on the order in which they came.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_intake.core.milestones import Milestone

# A scanner looks at a message as it arrives; a person can't be that quick.
ARRIVAL = timedelta(seconds=10)
# Nobody follows two links of a message in one breath.
ONE_BREATH = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, order=True)
class Engagement:
    """Somebody, or something, opened a step's message (`kind` is OPENED) or followed a link of it (CLICKED)."""

    at: datetime
    step: str
    kind: str
    link: str = ""
    by_known_scanner: bool = False


def first_times(
    engagements: AbstractSet[Engagement], delivered_at: Mapping[str, datetime | None]
) -> dict[str, datetime]:
    """The first time of each: `opened` and `clicked` by a person, `scanned` by a program. `delivered_at` is by step."""
    first: dict[str, datetime] = {}
    for name, one in told_apart(engagements, delivered_at):
        first.setdefault(name, one.at)
    return first


def told_apart(
    engagements: AbstractSet[Engagement], delivered_at: Mapping[str, datetime | None]
) -> list[tuple[str, Engagement]]:
    """All of them in the order of time: OPENED and CLICKED by a person, SCANNED by a program."""
    return [
        (Milestone.SCANNED if _is_scanner(one, engagements, delivered_at.get(one.step)) else one.kind, one)
        for one in sorted(engagements)
    ]


def _is_scanner(one: Engagement, all_of_them: AbstractSet[Engagement], delivered_at: datetime | None) -> bool:
    if one.by_known_scanner or (delivered_at and one.at - delivered_at < ARRIVAL):
        return True
    return one.kind == Milestone.CLICKED and any(
        (other.step, other.kind) == (one.step, Milestone.CLICKED)
        and other.link != one.link
        and abs(other.at - one.at) < ONE_BREATH
        for other in all_of_them
    )
