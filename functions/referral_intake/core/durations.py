"""How long the steps of an outreach take, counted in buckets, so that a median over any range of days is available.

Each bucket is at most 10% wider than the previous one. So a median derived from them is at most 5% off.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import accumulate
from math import sqrt

from referral_intake.core.milestones import Milestone

DURATIONS = {
    "submitted_to_sent": (Milestone.SUBMITTED, Milestone.SENT),
    "sent_to_delivered": (Milestone.SENT, Milestone.DELIVERED),
    "delivered_to_engaged": (Milestone.DELIVERED, "engaged"),
    "sent_to_answered": (Milestone.SENT, Milestone.ANSWERED),
}
"""The measured durations: the milestones at which each starts and ends."""

_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(days=400)
_MILLISECOND = timedelta(milliseconds=1)


def _edges() -> Iterator[int]:
    # Integers only: a logarithm can differ in its last digit between machines, but a recount must give equal buckets.
    edge = _SHORTEST // _MILLISECOND
    while edge <= _LONGEST // _MILLISECOND:
        yield edge
        edge = edge * 11 // 10


_EDGES = tuple(_edges())
BUCKETS = len(_EDGES) + 1


def bucket(duration: timedelta) -> int:
    """Return the number of the bucket.

    Bucket 0 is for less than a second, including negative durations from clock skew. The last has no upper limit.
    """
    return bisect_right(_EDGES, duration // _MILLISECOND)


def median(counts: Mapping[int, int]) -> timedelta | None:
    """Return the middle of the bucket that contains the median, or None if the counts are empty."""
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
