"""Announcements on EventBridge's default bus, where rules can match them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from referral_intake.aws.item_format import timestamp
from referral_intake.core.breaker import Trip
from referral_intake.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "referral-intake"
BREAKER_TRIPPED = "BreakerTripped"

# One attempt: the queue retries the event that caused the announcement.
_CONFIG = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 1})


def client() -> "EventBridgeClient":
    return boto3.client("events", config=_CONFIG)


class Announcements:
    """`client` is called at first use, which is rare. Events name the stack, because several stacks share the bus."""

    def __init__(self, client: Callable[[], "EventBridgeClient"], stack: str) -> None:
        self._client = client
        self._stack = stack

    def breaker_tripped(self, trip: Trip) -> None:
        """Publish the trip at least once.

        Two events with the same `tripped_at` are the same trip. Raise Unavailable.
        """
        detail = {
            "stack": self._stack,
            "campaign": trip.campaign,
            "reason": trip.reason,
            "tripped_at": timestamp(trip.at),
            "window_days": trip.window.days,
            "delivered": trip.delivered,
            "bounced": trip.bounced,
            "complained": trip.complained,
            "bounce_rate": round(trip.bounce_rate, 5),
            "complaint_rate": round(trip.complaint_rate, 5),
        }
        self._put(BREAKER_TRIPPED, detail)

    def _put(self, detail_type: str, detail: dict[str, Any]) -> None:
        entry: Any = {"Source": SOURCE, "DetailType": detail_type, "Detail": json.dumps(detail)}
        try:
            answer = self._client().put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(type(error).__name__) from error
        # PutEvents answers 200 even if it rejects an entry.
        if answer["FailedEntryCount"]:
            raise Unavailable(answer["Entries"][0].get("ErrorCode", "PutEvents"))
