"""Control the time that all code in this process sees. It can be moved forward, to test delays of days immediately."""

import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlocal.runtime.change_signal import ChangeSignal

if TYPE_CHECKING:
    from time_machine import Traveller

# Ten years. A larger move would expire even data that is meant never to expire.
MOST_SECONDS = 10 * 366 * 24 * 3600


class NotForward(ValueError):
    """The clock can't be moved by this amount. The message is shown to the user."""


class Clock:
    """Moves the results of `datetime.now` and `time.time` in the whole process.

    Waits and timeouts use `time.monotonic`, which is not moved. `moved` notifies threads that wait for a time. `ahead`
    is in seconds.
    """

    def __init__(self) -> None:
        self.moved = ChangeSignal()
        self.ahead = 0.0
        self._lock = threading.Lock()
        self._travel = ExitStack()
        self._traveller: Traveller | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Return a monotonic time in seconds that includes the moves."""
        return time.monotonic() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward. Raise NotForward if `seconds` is not positive or the sum exceeds MOST_SECONDS."""
        with self._lock:
            if seconds <= 0 or self.ahead + seconds > MOST_SECONDS:
                raise NotForward(f"The clock moves forward only, by at most {MOST_SECONDS} seconds in all.")
            if self._traveller is None:
                self._traveller = self._start()
            self._traveller.shift(float(seconds))
            self.ahead += seconds
        self.moved.notify()

    def stop(self) -> None:
        """Return to the time of the machine."""
        with self._lock:
            self._travel.close()
            self._traveller, self.ahead = None, 0.0

    def _start(self) -> "Traveller":
        # Imported here, because the import is slow and only needed if the clock is moved.
        import time_machine

        return self._travel.enter_context(time_machine.travel(time.time(), tick=True))
