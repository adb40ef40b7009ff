"""Publish events about messages in the format of Amazon SES.

The format: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
The names on the event bus: https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from samlocal.events.event_bus import EventBus
from samlocal.ses.mailbox import Mail
from samlocal.template.model import ACCOUNT, PARTITION, REGION, EventDestination


@dataclass(frozen=True, slots=True)
class Kind:
    """The names of an event type.

    `published_as` is its name in a configuration set, `event_type` in the event, and `detail_type` on the event bus.
    `member` is the member of the event with the details.
    """

    published_as: str
    event_type: str
    detail_type: str
    member: str


SEND = Kind("SEND", "Send", "Email Sent", "send")
DELIVERY = Kind("DELIVERY", "Delivery", "Email Delivered", "delivery")
BOUNCE = Kind("BOUNCE", "Bounce", "Email Bounced", "bounce")
COMPLAINT = Kind("COMPLAINT", "Complaint", "Email Complaint Received", "complaint")
OPEN = Kind("OPEN", "Open", "Email Opened", "open")
CLICK = Kind("CLICK", "Click", "Email Clicked", "click")


class Publisher:
    """Puts events on the bus, if the configuration set of the message has a destination for them.

    `destinations` returns the current event destinations.
    """

    def __init__(self, bus: EventBus, destinations: Callable[[], Iterable[EventDestination]]) -> None:
        self._bus = bus
        self._destinations = destinations

    def is_published(self, mail: Mail, kind: Kind) -> bool:
        return any(True for _ in self._destinations_for(mail, kind))

    def publish(self, mail: Mail, kind: Kind, details: Mapping[str, Any]) -> None:
        resource = f"arn:{PARTITION}:ses:{REGION}:{ACCOUNT}:configuration-set/{mail.configuration_set}"
        for _ in self._destinations_for(mail, kind):
            self._bus.put("aws.ses", kind.detail_type, event(mail, kind, details), [resource])

    def _destinations_for(self, mail: Mail, kind: Kind) -> Iterable[EventDestination]:
        for destination in self._destinations():
            if destination.configuration_set == mail.configuration_set and kind.published_as in destination.kinds:
                yield destination


def event(mail: Mail, kind: Kind, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event in the format of SES."""
    return {"eventType": kind.event_type, "mail": _mail(mail), kind.member: dict(details)}


def _mail(mail: Mail) -> dict[str, Any]:
    reply_to = {"replyTo": list(mail.reply_to)} if mail.reply_to else {}
    return {
        "timestamp": mail.time,
        "source": mail.sender,
        "sourceArn": f"arn:{PARTITION}:ses:{REGION}:{ACCOUNT}:identity/{_domain(mail)}",
        "sendingAccountId": ACCOUNT,
        "messageId": mail.id,
        "destination": [parseaddr(address)[1] for address in mail.to],
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in _headers(mail)],
        "commonHeaders": {
            "from": [mail.sender],
            **reply_to,
            "to": list(mail.to),
            "messageId": mail.id,
            "subject": mail.subject,
        },
        "tags": _tags(mail),
    }


def _headers(mail: Mail) -> Iterable[tuple[str, str]]:
    yield from mail.headers
    yield "From", mail.sender
    if mail.reply_to:
        yield "Reply-To", ", ".join(mail.reply_to)
    yield "To", ", ".join(mail.to)
    yield "Subject", mail.subject
    yield "MIME-Version", "1.0"
    if mail.text is not None and mail.html is not None:
        yield "Content-Type", f'multipart/alternative; boundary="----=_Part_{mail.id}"'
    else:
        yield "Content-Type", f"text/{'plain' if mail.html is None else 'html'}; charset=UTF-8"


def _tags(mail: Mail) -> dict[str, list[str]]:
    its_own = {
        "ses:source-tls-version": "TLSv1.3",
        "ses:operation": "SendEmail",
        "ses:configuration-set": mail.configuration_set or "",
        "ses:source-ip": "127.0.0.1",
        "ses:from-domain": _domain(mail),
        "ses:caller-identity": "local",
    }
    return {name: [value] for name, value in {**its_own, **dict(mail.tags)}.items()}


def _domain(mail: Mail) -> str:
    return parseaddr(mail.sender)[1].rpartition("@")[2]
