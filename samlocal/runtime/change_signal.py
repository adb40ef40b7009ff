"""Signal writes to pollers, so that they react quickly without polling often."""

import threading

# Services whose writes are signaled, by the prefix of their API's operations.
DYNAMODB = "DynamoDB_20120810"
SQS = "AmazonSQS"


class ChangeSignal:
    """Counts changes, and wakes the threads that wait for one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0

    def notify(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Wait until the count differs from `seen`, but at most for `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, seconds)
