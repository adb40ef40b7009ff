"""Run delayed calls in a background thread."""

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable

Call = Callable[[], object]


class DelayedCalls:
    """Runs calls after a delay in real time, which the movable clock does not affect.

    `stop` discards the calls that are still waiting. `failed` receives the traceback of a call that failed.
    """

    def __init__(self, failed: Callable[[str], object]) -> None:
        self._failed = failed
        self._changed = threading.Condition()
        self._calls: list[tuple[float, int, Call]] = []
        self._numbers = itertools.count()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="later", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(1.0)

    def call(self, seconds: float, what: Call) -> None:
        """Schedule a call in `seconds`. Calls for the same time keep their order."""
        with self._changed:
            heapq.heappush(self._calls, (time.monotonic() + seconds, next(self._numbers), what))
            self._changed.notify()

    def _run(self) -> None:
        while call := self._next():
            try:
                call()
            except Exception:  # noqa: BLE001  # a failed call must not stop the others
                if not self._stopping:
                    self._failed(traceback.format_exc().rstrip())

    def _next(self) -> Call | None:
        with self._changed:
            while not self._stopping:
                if not self._calls:
                    self._changed.wait()
                elif (left := self._calls[0][0] - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    return heapq.heappop(self._calls)[2]
        return None
