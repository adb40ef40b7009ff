"""SES events as EventBridge delivers them. A complete sample is in tests/events."""

from datetime import datetime, timedelta
from typing import Any

from tests.support import events
from tests.support.samples import NOW

SENT_AT = NOW + timedelta(seconds=1)
# The time at which events are processed, if it has no effect.
LATER = NOW + timedelta(days=365)

_DETAILS: dict[str, dict[str, Any]] = {
    "Delivery": {"processingTimeMillis": 700, "smtpResponse": "250 ok", "recipients": []},
    "DeliveryDelay": {"delayType": "MailboxFull", "delayedRecipients": []},
    "Bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": []},
    "Complaint": {"complaintFeedbackType": "abuse", "complainedRecipients": []},
    "Open": {"ipAddress": "203.0.113.9", "userAgent": "Mozilla/5.0"},
    "Click": {"ipAddress": "203.0.113.9", "userAgent": "Mozilla/5.0", "link": "https://lumen.example/lamp"},
}


def time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def mail_event(
    kind: str, receipt: str, after: float = 0, *, sent_at: datetime | None = None, **details: Any
) -> dict[str, Any]:
    """An event `after` seconds after the message was sent. `details` are for the member of this event type."""
    sent_at = sent_at or SENT_AT
    event = events.sample("ses_event")
    detail = event["detail"]
    detail["eventType"] = kind
    detail["mail"]["timestamp"] = time(sent_at)
    detail["mail"]["tags"] |= {"referral": [receipt], "campaign": ["lumen"], "step": ["introduction"]}
    detail["mail"]["tags"] |= {"version": ["2026-11"], "content_hash": ["c0ffee"]}
    at = sent_at + timedelta(seconds=after)
    if kind in _DETAILS:
        detail[kind[0].lower() + kind[1:]] = {"timestamp": time(at), **_DETAILS[kind], **details}
    return event
