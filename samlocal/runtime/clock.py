"""The time that everything in this process sees. It can be moved forward, so that what takes days is seen at once."""

import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlocal.runtime.change_signal import ChangeSignal

if TYPE_CHECKING:
    from time_machine import Traveller

# Ten years: further on, even what never ends here would.
MOST_SECONDS = 10 * 366 * 24 * 3600


class NotForward(ValueError):
    """The clock can't be moved by this much. The message is for people."""


class Clock:
    """Moves what `datetime.now` and `time.time` tell everybody.

    Waiting and timeouts go by `time.monotonic`, which stays. `moved` tells those who wait for a time to come.
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
        """Seconds since some moment, moves included. Never goes back."""
        return time.monotonic() + self.ahead

    def advance(self, seconds: float) -> None:
        """Raises NotForward."""
        with self._lock:
            if seconds <= 0 or self.ahead + seconds > MOST_SECONDS:
                raise NotForward(f"The clock moves forward only, by at most {MOST_SECONDS} seconds in all.")
            if self._traveller is None:
                self._traveller = self._start()
            self._traveller.shift(float(seconds))
            self.ahead += seconds
        self.moved.notify()

    def stop(self) -> None:
        """It is now again."""
        with self._lock:
            self._travel.close()
            self._traveller, self.ahead = None, 0.0

    def _start(self) -> "Traveller":
        # Only for those who move the clock: importing it takes a while, and a clock that nobody moves is left alone.
        import time_machine

        return self._travel.enter_context(time_machine.travel(time.time(), tick=True))
