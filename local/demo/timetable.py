"""Schedule calls in simulated time, which stands still during a call."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import time_machine

Action = Callable[[], object]


class Agenda:
    """The scheduled calls and the simulated time. It can replace DelayedCalls."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._calls: list[tuple[datetime, int, Action]] = []
        self._numbers = itertools.count()
        self._traveller: time_machine.Traveller | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Set the time of the whole process to the simulated time."""
        with time_machine.travel(self.now, tick=False) as self._traveller:
            yield
        self._traveller = None

    def at(self, moment: datetime, action: Action) -> None:
        """Schedule a call. Calls for the same time keep their order."""
        heapq.heappush(self._calls, (moment, next(self._numbers), action))

    def call(self, seconds: float, what: Action) -> None:
        self.at(self.now + timedelta(seconds=seconds), what)

    def advance(self, seconds: float) -> None:
        """Advance the time by `seconds`, to simulate the duration of an operation."""
        self._move(self.now + timedelta(seconds=seconds))

    def until(self, end: datetime) -> Iterator[Action]:
        """Set the time to that of each call in order, and yield the call, up to `end`."""
        while self._calls and self._calls[0][0] <= end:
            moment, _, action = heapq.heappop(self._calls)
            # A call is late if earlier calls took longer.
            self._move(max(moment, self.now))
            yield action
        self._move(max(end, self.now))

    def _move(self, moment: datetime) -> None:
        self.now = moment.astimezone(UTC)
        if self._traveller:
            self._traveller.move_to(self.now, tick=False)
