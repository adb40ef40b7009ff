"""Parse events of Amazon SES in the envelope of EventBridge.

Format: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from referral_intake.core.mail_events import ENGAGEMENT_KINDS, EventKind, MailEvent
from referral_intake.core.reasons import Reason
from referral_intake.core.steps import SendAttempt
from referral_intake.feedback import user_agents

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
# Temporary even if the status code is permanent: mail servers reply 5.2.2 for a full mailbox.
_TEMPORARY = frozenset({"MailboxFull", "CustomTimeoutExceeded"})
# The message was refused, not the address.
_CONTENT_REFUSED = frozenset({"ContentRejected", "AttachmentRejected", "MessageTooLarge"})
# Addresses that Amazon SES did not try, because it or the account suppresses them.
_SUPPRESSED = frozenset({"Suppressed", "OnAccountSuppressionList"})
# Feedback by which a mailbox provider does not report a message as spam.
_NOT_A_COMPLAINT = frozenset({"not-spam", "auth-failure"})
# Amazon SES does not count its simulator's addresses for the reputation of the account.
_SIMULATOR = "@simulator.amazonses.com"

# An enhanced status code (RFC 3463), but no part of an IP address.
_STATUS = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
# A reply code of SMTP.
_REPLY = re.compile(r"(?:^|smtp;)\s*([245])\d\d\b", re.IGNORECASE)


def read(body: str, now: datetime) -> MailEvent | None:
    """Return the mail event of an EventBridge event, or None if it is not about a message to a doctor.

    Members that are null are treated as missing. Times are between the time of sending and `now`.
    """
    detail = json.loads(body, object_pairs_hook=_without_null)["detail"]
    tags = detail["mail"].get("tags", {})
    if detail["eventType"] not in _EVENTS or not ("referral" in tags and "step" in tags):
        return None
    kind, member = _EVENTS[detail["eventType"]]
    details: dict[str, Any] = detail.get(member or "", {})
    bounce = _bounce(details) if member == "bounce" else _Bounce(kind)
    kind = bounce.kind
    if details.get("complaintFeedbackType", "").lower() in _NOT_A_COMPLAINT:
        kind, details = EventKind.SENT, {}
    sent_at = min(_time(detail["mail"]["timestamp"]), now)
    return MailEvent(
        receipt=tags["referral"][0],
        step=tags["step"][0],
        message_id=detail["mail"]["messageId"],
        kind=kind,
        at=min(max(_time(details["timestamp"]), sent_at), now) if "timestamp" in details else sent_at,
        attempt=SendAttempt(sent_at, tags.get("version", [""])[0], tags.get("content_hash", [""])[0]),
        link=details.get("link", ""),
        by_known_scanner=kind in ENGAGEMENT_KINDS and user_agents.is_program(details.get("userAgent", "")),
        is_retryable=bounce.is_retryable,
        refusal=bounce.refusal,
        # Where the message was sent. The address in the report can be one to which it was forwarded.
        recipient=next(iter(detail["mail"].get("destination", [])), ""),
        affects_reputation=not _SUPPRESSED & {details.get("bounceSubType"), details.get("complaintSubType")}
        and not any(_SIMULATOR in address.lower() for address in detail["mail"].get("destination", [])),
    )


def _without_null(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in members if value is not None}


@dataclass(frozen=True, slots=True)
class _Bounce:
    """`is_retryable` says that the message certainly did not arrive and can be sent again."""

    kind: EventKind = EventKind.SOFT_BOUNCED
    is_retryable: bool = False
    refusal: Reason | None = None


def _bounce(details: Mapping[str, Any]) -> _Bounce:
    """Classify a bounce. One without a status code may be an automatic reply, and then the doctor has the message."""
    subtype = details.get("bounceSubType")
    if details.get("bounceType") == "Permanent":
        return _Bounce(EventKind.BOUNCED)
    if subtype in _CONTENT_REFUSED:
        return _Bounce(refusal=Reason.CONTENT_REFUSED)
    if details.get("bounceType") == "Undetermined":
        return _Bounce(refusal=Reason.BOUNCE_UNDETERMINED)
    if subtype in _TEMPORARY:
        return _Bounce(is_retryable=True)
    classes = set(_status_classes(details.get("bouncedRecipients", [])))
    if "5" in classes:
        return _Bounce(EventKind.BOUNCED)
    return _Bounce(is_retryable="4" in classes)


def _status_classes(recipients: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the class of each recipient's status: 2, 4 or 5."""
    for recipient in recipients:
        diagnostic = recipient.get("diagnosticCode", "")
        found = _STATUS.search(recipient.get("status", "")) or _STATUS.search(diagnostic) or _REPLY.search(diagnostic)
        if found:
            yield found[1]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
