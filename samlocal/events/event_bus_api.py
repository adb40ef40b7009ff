"""Serve PutEvents of EventBridge. moto's EventBridge is not used, because it lacks the rules of the template."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from samlocal.events.event_bus import EventBus
from samlocal.runtime.terminal import Terminal
from samlocal.template.event_rules import DEFAULT_BUS

_JSON = "application/x-amz-json-1.1"


class EventBusApi:
    """The endpoint. It logs each event, because locally there may be no rule for it."""

    def __init__(self, bus: EventBus, terminal: Terminal) -> None:
        self._bus = bus
        self._terminal = terminal

    def answer(self, request: Request) -> Response:
        operation = request.headers.get("X-Amz-Target", "").partition(".")[2]
        if operation != "PutEvents":
            message = f"The local event bus does not support {operation}"
            error = {"__type": "UnknownOperationException", "message": message}
            return Response(json.dumps(error), 400, content_type=_JSON)
        results = [self._put(entry) for entry in json.loads(request.get_data())["Entries"]]
        failed = sum("ErrorCode" in result for result in results)
        return Response(json.dumps({"FailedEntryCount": failed, "Entries": results}), content_type=_JSON)

    def _put(self, entry: Mapping[str, Any]) -> dict[str, str]:
        problem = _problem(entry)
        if problem:
            self._terminal.say(f"Event rejected: {problem[1]}", "ERROR", "events")
            return {"ErrorCode": problem[0], "ErrorMessage": problem[1]}
        source, detail_type, detail = entry["Source"], entry["DetailType"], json.loads(entry["Detail"])
        shown = "  ".join(f"{name}={value}" for name, value in detail.items())
        self._terminal.say(f"Event {detail_type} from {source}: {shown}", "WARNING", "events")
        return {"EventId": self._bus.put(source, detail_type, detail, entry.get("Resources") or ())}


def _problem(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the error code and message with which EventBridge rejects the event, or None."""
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            return "InvalidArgument", f"Parameter {member} is not valid. Reason: {member} is a required argument."
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    if entry.get("EventBusName", "default") not in {"default", DEFAULT_BUS}:
        return "ResourceNotFoundException", "The local stack supports only the default event bus."
    try:
        is_object = isinstance(json.loads(entry["Detail"]), dict)
    except ValueError:
        is_object = False
    return None if is_object else ("MalformedDetail", "Detail is malformed.")
