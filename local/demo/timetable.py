"""What is to happen, by its time; and the time itself, which stands still while something happens."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import time_machine

Act = Callable[[], object]


class Agenda:
    """Stands in for `Later` too: what is called later is called later by this clock."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._calls: list[tuple[datetime, int, Act]] = []
        self._numbers = itertools.count()
        self._traveller: time_machine.Traveller | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everybody in this process sees this time meanwhile."""
        with time_machine.travel(self.now, tick=False) as self._traveller:
            yield
        self._traveller = None

    def at(self, moment: datetime, act: Act) -> None:
        """Acts of the same moment keep their order."""
        heapq.heappush(self._calls, (moment, next(self._numbers), act))

    def call(self, seconds: float, what: Act) -> None:
        self.at(self.now + timedelta(seconds=seconds), what)

    def passes(self, seconds: float) -> None:
        """Something takes this long."""
        self._move(self.now + timedelta(seconds=seconds))

    def until(self, end: datetime) -> Iterator[Act]:
        """What is to be done up to then, one after the other, each at its time."""
        while self._calls and self._calls[0][0] <= end:
            moment, _, act = heapq.heappop(self._calls)
            # Who is busy comes late.
            self._move(max(moment, self.now))
            yield act
        self._move(max(end, self.now))

    def _move(self, moment: datetime) -> None:
        self.now = moment.astimezone(UTC)
        if self._traveller:
            self._traveller.move_to(self.now, tick=False)
