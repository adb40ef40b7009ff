"""Tells those who poll that there may be something new, so that they can be quick without being busy."""

import threading


class ChangeSignal:
    """Counts writes to the embedded AWS."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0

    def notify(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Returns when something was written since the count was `seen`, or after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, seconds)
