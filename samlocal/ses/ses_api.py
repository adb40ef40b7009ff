"""Serve a part of the SES v2 API (SendEmail with simple content, GetAccount) and the targets of tracked links.

moto's SES is not used: it does not store most of a message, and publishes no events.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from samlocal.ses import validation as rules
from samlocal.ses.mailbox import Mail, Mailbox, new_id, stamp
from samlocal.ses.mailbox_simulator import Delivery
from samlocal.ses.tracking import Tracking
from samlocal.ses.validation import Refused

# The path of tracked links below the endpoint. In SES, tracked links have a separate host.
TRACK = "track"

DAILY_QUOTA = 50_000.0
MAX_SEND_RATE = 100.0


class Ses:
    """The local SES. `knows_set` returns whether a configuration set exists."""

    def __init__(
        self, mailbox: Mailbox, knows_set: Callable[[str], bool], tracking: Tracking, delivery: Delivery
    ) -> None:
        self._mailbox = mailbox
        self._knows_set = knows_set
        self._tracking = tracking
        self.delivery = delivery

    def answer(self, request: Request, operation: str) -> Response:
        """Respond to a request. `operation` is the path below the endpoint, for example `v2/email/account`."""
        if operation.startswith(f"{TRACK}/"):
            return self._tracking.answer(request, operation.removeprefix(f"{TRACK}/"))
        known = {
            ("POST", "v2/email/outbound-emails"): self._send_email,
            ("GET", "v2/email/account"): self._get_account,
        }
        perform = known.get((request.method, operation), self._unknown)
        try:
            return _json(200, perform(request))
        except Refused as refused:
            return _json(refused.status, {"message": str(refused)}, {"x-amzn-errortype": refused.kind})

    def _unknown(self, request: Request) -> dict[str, Any]:
        raise Refused(f"The local SES does not support {request.method} {request.path}", "NotImplemented", 501)

    def import_message(self, sent: Mapping[str, Any], mail_id: str, time: str) -> None:
        """Add a message that was sent in the past to the mailbox, without publishing events."""
        mail = replace(self._read(sent), id=mail_id, time=time)
        self._mailbox.add(self._tracking.as_delivered(mail))

    def _send_email(self, request: Request) -> dict[str, Any]:
        mail = self._tracking.as_delivered(self._read(_body(request)))
        self._mailbox.add(mail)
        self.delivery.accepted(mail)
        return {"MessageId": mail.id}

    def _read(self, sent: Mapping[str, Any]) -> Mail:
        simple = _simple(sent.get("Content"))
        body = simple.get("Body") or {}
        text, html = rules.content(body.get("Text"), "Body.Text"), rules.content(body.get("Html"), "Body.Html")
        if text is None and html is None:
            raise Refused("The message has no body.")
        if len((text or "").encode()) + len((html or "").encode()) > rules.LARGEST_MESSAGE:
            raise Refused(f"Message length is more than {rules.LARGEST_MESSAGE} bytes long.", "MessageRejected")
        return Mail(
            id=new_id(),
            time=stamp(datetime.now(UTC)),
            sender=rules.address(sent.get("FromEmailAddress"), "FromEmailAddress"),
            reply_to=tuple(rules.address(one, "ReplyToAddresses") for one in sent.get("ReplyToAddresses") or ()),
            to=rules.recipients(sent.get("Destination") or {}),
            subject=rules.subject(simple.get("Subject")),
            text=text,
            html=html,
            headers=rules.headers(simple.get("Headers") or ()),
            tags=rules.tags(sent.get("EmailTags") or ()),
            configuration_set=self._configuration_set(sent.get("ConfigurationSetName")),
        )

    def _configuration_set(self, name: str | None) -> str | None:
        if name is not None and not self._knows_set(name):
            raise Refused(f"Configuration set <{name}> does not exist.", "NotFoundException", 404)
        return name

    def _get_account(self, _: Request) -> dict[str, Any]:
        sent = self._mailbox.recipients_since(datetime.now(UTC) - timedelta(days=1))
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": True,
            "SendQuota": {
                "Max24HourSend": DAILY_QUOTA,
                "MaxSendRate": MAX_SEND_RATE,
                "SentLast24Hours": float(sent),
            },
            "SendingEnabled": True,
            "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        }


def _body(request: Request) -> Mapping[str, Any]:
    try:
        sent = json.loads(request.get_data())
    except ValueError:
        sent = None
    if not isinstance(sent, dict):
        raise Refused("The body is not a JSON object.", "SerializationException")
    return sent


def _simple(content: object) -> Mapping[str, Any]:
    if not isinstance(content, dict) or not content:
        raise Refused("Content is missing.", "ValidationException")
    if not isinstance(content.get("Simple"), dict):
        raise Refused(f"The local SES supports only Simple content, not {', '.join(content)}", "NotImplemented", 501)
    simple: Mapping[str, Any] = content["Simple"]
    if simple.get("Attachments"):
        raise Refused("The local SES does not support attachments", "NotImplemented", 501)
    return simple


def _json(status: int, data: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(data), status, headers, content_type="application/json")
