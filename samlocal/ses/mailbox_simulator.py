"""Simulate the delivery of messages. All are delivered, except to addresses of the SES mailbox simulator.

The simulator: https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import partial
from typing import Any, Protocol

from samlocal.runtime.delayed_calls import Call
from samlocal.ses import events as events
from samlocal.ses.events import Publisher
from samlocal.ses.mailbox import Mail, new_id, stamp

SIMULATOR = "simulator.amazonses.com"
DELIVERED_AFTER = 0.2
ANSWERED_AFTER = 0.4


class Calls(Protocol):
    """Schedules calls, in real or simulated time."""

    def call(self, seconds: float, what: Call) -> None: ...


class Delivery:
    """Publishes the events of a message. Recipients with the same outcome share one event."""

    def __init__(self, publisher: Publisher, later: Calls) -> None:
        self._publisher = publisher
        self._later = later

    def accepted(self, mail: Mail) -> None:
        self._later.call(0, partial(self._publisher.publish, mail, events.SEND, {}))
        fates = [
            (DELIVERED_AFTER, self._bounced, {"bounce"}),
            (DELIVERED_AFTER, self._suppressed, {"suppressionlist"}),
            (DELIVERED_AFTER, self._delivered, {"", "complaint", "ooto"}),
            (ANSWERED_AFTER, self._complained, {"complaint"}),
            (ANSWERED_AFTER, self._out_of_office, {"ooto"}),
        ]
        for seconds, outcome, scenarios in fates:
            met = [address for address in _bare(mail) if scenario(address) in scenarios]
            if met:
                self._later.call(seconds, partial(outcome, mail, met))

    def _delivered(self, mail: Mail, recipients: Sequence[str]) -> None:
        took = datetime.now(UTC) - datetime.fromisoformat(mail.time)
        self._publisher.publish(
            mail,
            events.DELIVERY,
            {
                "timestamp": _now(),
                "processingTimeMillis": took // timedelta(milliseconds=1),
                "recipients": list(recipients),
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "a8-50.smtp-out.amazonses.com",
            },
        )

    def _bounced(self, mail: Mail, recipients: Sequence[str]) -> None:
        said = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        mta = {"reportingMTA": "dns; a8-50.smtp-out.amazonses.com"}
        self._bounce(mail, recipients, "Permanent", "General", said, mta)

    def _suppressed(self, mail: Mail, recipients: Sequence[str]) -> None:
        reason = (
            "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an "
            "invalid address."
        )
        said = {"action": "failed", "status": "5.1.1", "diagnosticCode": reason}
        self._bounce(mail, recipients, "Permanent", "Suppressed", said, {"reportingMTA": "dns; amazonses.com"})

    def _out_of_office(self, mail: Mail, recipients: Sequence[str]) -> None:
        # The automatic reply goes to the Return-Path of SES, which reports it as a soft bounce without details.
        self._bounce(mail, recipients, "Transient", "General", {}, {})

    def _bounce(
        self,
        mail: Mail,
        recipients: Sequence[str],
        kind: str,
        sub_kind: str,
        said: dict[str, str],
        more: dict[str, str],
    ) -> None:
        self._publisher.publish(
            mail,
            events.BOUNCE,
            {
                "feedbackId": new_id(),
                "bounceType": kind,
                "bounceSubType": sub_kind,
                "bouncedRecipients": [{"emailAddress": address, **said} for address in recipients],
                "timestamp": _now(),
                **more,
            },
        )

    def _complained(self, mail: Mail, recipients: Sequence[str]) -> None:
        details: dict[str, Any] = {
            "feedbackId": new_id(),
            "complaintSubType": None,
            "complainedRecipients": [{"emailAddress": address} for address in recipients],
            "timestamp": _now(),
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": "abuse",
            "arrivalDate": _now(),
        }
        self._publisher.publish(mail, events.COMPLAINT, details)


def scenario(address: str) -> str:
    """Return the scenario of an address, for example `bounce` for bounce+label@simulator.amazonses.com.

    Return an empty string for an address to which messages are delivered.
    """
    local, _, domain = address.lower().rpartition("@")
    name = local.partition("+")[0]
    known = {"bounce", "complaint", "ooto", "suppressionlist"}
    return name if domain == SIMULATOR and name in known else ""


def _bare(mail: Mail) -> list[str]:
    return list(dict.fromkeys(parseaddr(address)[1] for address in mail.to))


def _now() -> str:
    return stamp(datetime.now(UTC))
