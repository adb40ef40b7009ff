"""How long the steps of an outreach take, counted in buckets, so that the median over any days can be told.

Each bucket is at most a tenth wider than the one before: a median told from them is at most 5 % off.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import accumulate
from math import sqrt

from referral_intake.core.milestones import Milestone

STEPS = {
    "submitted_to_sent": (Milestone.SUBMITTED, Milestone.SENT),
    "sent_to_delivered": (Milestone.SENT, Milestone.DELIVERED),
    "delivered_to_engaged": (Milestone.DELIVERED, "engaged"),
    "sent_to_answered": (Milestone.SENT, Milestone.ANSWERED),
}
"""What is timed: from one milestone to another."""

_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(days=400)
_MILLISECOND = timedelta(milliseconds=1)


def _edges() -> Iterator[int]:
    # Whole numbers: a logarithm may differ in its last digit between machines, and a recount must find the same.
    edge = _SHORTEST // _MILLISECOND
    while edge <= _LONGEST // _MILLISECOND:
        yield edge
        edge = edge * 11 // 10


_EDGES = tuple(_edges())
BUCKETS = len(_EDGES) + 1


def bucket(duration: timedelta) -> int:
    """0 holds all below a second, also what clocks that disagree make negative; the last holds all that is longer."""
    return bisect_right(_EDGES, duration // _MILLISECOND)


def median(counts: Mapping[int, int]) -> timedelta | None:
    """The middle of the bucket that the median lies in; None where nothing was counted."""
    filled = sorted((number, count) for number, count in counts.items() if count > 0)
    half = sum(count for _, count in filled) / 2
    for (number, _), reached in zip(filled, accumulate(count for _, count in filled), strict=True):
        if reached >= half:
            return _middle(number)
    return None


def _middle(number: int) -> timedelta:
    if number == 0:
        return _SHORTEST / 2
    lower, upper = _EDGES[number - 1], _EDGES[min(number, len(_EDGES) - 1)]
    return round(sqrt(lower * upper)) * _MILLISECOND
