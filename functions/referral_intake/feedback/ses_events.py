"""Parse events of Amazon SES in the envelope of EventBridge.

Format: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
"""

import json
import re
from datetime import datetime
from typing import Any

from referral_intake.core.mail_events import EventKind, MailEvent
from referral_intake.core.steps import SendAttempt

# The event's name in SES, its kind here, and the member with its details. Send has none.
_EVENTS = {
    "Send": (EventKind.SENT, None),
    "Delivery": (EventKind.DELIVERED, "delivery"),
    "DeliveryDelay": (EventKind.DELAYED, "deliveryDelay"),
    "Bounce": (EventKind.SOFT_BOUNCED, "bounce"),
    "Complaint": (EventKind.COMPLAINED, "complaint"),
    "Reject": (EventKind.REJECTED, None),
    "Rendering Failure": (EventKind.REJECTED, None),
    "Open": (EventKind.OPENED, "open"),
    "Click": (EventKind.CLICKED, "click"),
}
# User agents that identify themselves as programs. Most scanners don't: they are detected by their speed.
_SCANNERS = re.compile(
    r"bot\b|crawler|spider|scanner|barracuda|mimecast|proofpoint|python-requests|curl/", re.IGNORECASE
)

# General is not included: an automatic reply is also General, and then the doctor has the message.
_CAME_BACK = frozenset({"MailboxFull", "CustomTimeoutExceeded"})


def read(body: str) -> MailEvent | None:
    """Return the mail event of an EventBridge event, or None if it is not about a message to a doctor."""
    detail = json.loads(body)["detail"]
    tags = detail["mail"].get("tags", {})
    if detail["eventType"] not in _EVENTS or not ("referral" in tags and "step" in tags):
        return None
    kind, member = _EVENTS[detail["eventType"]]
    details: dict[str, Any] = detail.get(member or "", {})
    if details.get("bounceType") == "Permanent":
        kind = EventKind.BOUNCED
    sent_at = _time(detail["mail"]["timestamp"])
    return MailEvent(
        receipt=tags["referral"][0],
        step=tags["step"][0],
        message_id=detail["mail"]["messageId"],
        kind=kind,
        at=_time(details["timestamp"]) if "timestamp" in details else sent_at,
        attempt=SendAttempt(sent_at, tags.get("version", [""])[0], tags.get("content_hash", [""])[0]),
        link=details.get("link", ""),
        by_known_scanner=bool(_SCANNERS.search(details.get("userAgent", ""))),
        is_retryable=kind is EventKind.SOFT_BOUNCED and details.get("bounceSubType") in _CAME_BACK,
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
