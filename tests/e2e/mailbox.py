"""The mailbox of the local stack, for tests."""

import json
import time
from typing import Any
from urllib.request import Request, urlopen

from tests.support.waiting import CEILING


class Mailbox:
    def __init__(self, url: str) -> None:
        self._url = f"{url}/_local/mailbox.json"

    def messages(self, to: str = "") -> list[dict[str, Any]]:
        """The messages, or those to one address. Messages of an earlier test can still arrive."""
        with urlopen(self._url, timeout=CEILING) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return [one for one in found if not to or one["to"] == [to]]

    def empty(self) -> None:
        urlopen(Request(self._url, method="DELETE"), timeout=CEILING).close()

    def wait_for(self, count: int, seconds: float = CEILING, to: str = "") -> list[dict[str, Any]]:
        """The messages, once there are this many or none came for this time. Waits a moment longer, for more."""
        seen, end = 0, time.monotonic() + seconds
        while seen < count and time.monotonic() < end:
            time.sleep(0.1)
            if (now := len(self.messages(to))) != seen:
                seen, end = now, time.monotonic() + seconds
        time.sleep(0.3)
        return self.messages(to)
