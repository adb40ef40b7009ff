"""What others are told on EventBridge's default bus, where a person's rules can match it."""

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

# One attempt: what wants to announce something comes again by its queue.
_CONFIG = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 1})


def client() -> "EventBridgeClient":
    return boto3.client("events", config=_CONFIG)


class Announcements:
    """`client` is made when it is first needed, which is seldom. Events name the stack, since stacks share the bus."""

    def __init__(self, client: Callable[[], "EventBridgeClient"], stack: str) -> None:
        self._client = client
        self._stack = stack

    def breaker_tripped(self, trip: Trip) -> None:
        """Tells it at least once: the same `tripped_at` is the same trip. Raises Unavailable."""
        detail = {
            "stack": self._stack,
            "campaign": trip.campaign,
            "reason": trip.reason,
            "tripped_at": timestamp(trip.at),
            "window_days": trip.window.days,
            "delivered": trip.delivered,
            "bounced": trip.bounced,
            "complained": trip.complained,
            "bounce_rate": round(trip.rate(trip.bounced), 5),
            "complaint_rate": round(trip.rate(trip.complained), 5),
        }
        self._put(BREAKER_TRIPPED, detail)

    def _put(self, detail_type: str, detail: dict[str, Any]) -> None:
        entry: Any = {"Source": SOURCE, "DetailType": detail_type, "Detail": json.dumps(detail)}
        try:
            answer = self._client().put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(type(error).__name__) from error
        # An answer of 200 can hold a refusal.
        if answer["FailedEntryCount"]:
            raise Unavailable(answer["Entries"][0].get("ErrorCode", "PutEvents"))
