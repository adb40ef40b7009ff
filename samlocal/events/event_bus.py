"""Provide the default event bus, which puts events into the queues that the rules of the template name."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from samlocal.aws.resources import Cloud
from samlocal.template.model import ACCOUNT, REGION, Rule

if TYPE_CHECKING:
    from moto.events.models import EventPattern


class EventBus:
    """The bus. `rules` returns the current rules. `deliver` is called with the logical id of a queue and an event."""

    def __init__(self, cloud: Cloud, rules: Callable[[], Iterable[Rule]]) -> None:
        self._cloud = cloud
        self._rules = rules
        self.deliver = self._send

    def put(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Iterable[str] = ()) -> str:
        """Deliver an event to the queues of all matching rules, and return its id."""
        event = envelope(source, detail_type, detail, resources)
        for rule in self._rules():
            if matches(rule.pattern, event):
                for queue in rule.queues:
                    self.deliver(queue, event)
        return str(event["id"])

    def _send(self, queue: str, event: Mapping[str, Any]) -> None:
        self._cloud.sqs.send_message(QueueUrl=self._cloud.queue_urls[queue], MessageBody=json.dumps(event))


def envelope(source: str, detail_type: str, detail: Mapping[str, Any], resources: Iterable[str]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": list(resources),
        "detail": detail,
    }


def matches(pattern: str, event: Mapping[str, Any]) -> bool:
    return bool(_matcher(pattern).matches_event(event))  # type: ignore[arg-type]


@cache
def _matcher(pattern: str) -> "EventPattern":
    # Imported here, because the import takes half a second and is not needed if the port is in use.
    from moto.events.models import EventPattern

    return EventPattern.load(pattern)
