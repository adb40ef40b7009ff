"""Simulated AWS: a table in a DynamoDB engine, and fakes of Secrets Manager and SES."""

import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Protocol

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends

from referral_intake.aws.item_format import Item
from referral_intake.core.mailboxes import mailbox
from samlocal.aws import moto_fixes
from samlocal.template.model import ACCOUNT, REGION
from tests.faults.call_interceptor import response
from tests.integration import aws
from tests.support import mail_events


class Engine(Protocol):
    """The engine that stores the table."""

    @property
    def url(self) -> str | None: ...

    def send(self, request: AWSPreparedRequest) -> AWSResponse: ...

    def items(self, client: Any, table: str) -> list[Item]:
        """All items, read without the interceptor."""

    def empty(self, client: Any, table: str) -> None:
        """Deletes all items, which is much cheaper than a new table."""


class Moto:
    """moto in this process, called without its mocks, so that only the interceptor precedes it."""

    url: str | None = None

    def __init__(self) -> None:
        moto_fixes.apply()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        answered = botocore_stubber.process_request(request)
        assert answered, request.url
        text: Any
        status, headers, text = answered
        return response(request, status, text.encode() if isinstance(text, str) else text, headers)

    def items(self, client: Any, table: str) -> list[Item]:
        kept = dynamodb_backends[ACCOUNT][REGION].tables[table].all_items()
        return [{name: value.to_regular_json() for name, value in one.attrs.items()} for one in kept]

    def empty(self, client: Any, table: str) -> None:
        dynamodb_backends[ACCOUNT][REGION].tables[table].items.clear()


class DynamoDBLocal:
    """DynamoDB Local on a port of this machine."""

    def __init__(self, url: str) -> None:
        self.url: str | None = url
        # Without this option, Nagle's algorithm delays each request by 40 ms.
        at_once: Any = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        self._connections = URLLib3Session(socket_options=at_once)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        return self._connections.send(request)

    def items(self, client: Any, table: str) -> list[Item]:
        found: list[Item] = client.scan(TableName=table, ConsistentRead=True)["Items"]
        return found

    def empty(self, client: Any, table: str) -> None:
        for item in self.items(client, table):
            client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def _bytes(request: AWSPreparedRequest) -> bytes:
    body: Any = request.body
    return body.encode() if isinstance(body, str) else body


class FakeSecretsManager:
    """Secrets Manager with the secrets of the template."""

    def __init__(self) -> None:
        self.names = {logical_id: secret.name for logical_id, secret in aws.template().secrets.items()}
        self._texts = {secret.name: aws.secret_text(secret) for secret in aws.template().secrets.values()}

    def text(self, logical_id: str) -> str:
        return self._texts[self.names[logical_id]]

    def answer(self, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        assert operation == "GetSecretValue", operation
        name = json.loads(_bytes(request))["SecretId"]
        return response(request, 200, {"Name": name, "SecretString": self._texts[name]})


class Outcome(Enum):
    """Result of a call of SES."""

    ACCEPTED = "accepted"
    RESPONSE_LOST = "accepted, but the response is lost"
    LOST = "lost, without a response or an event"
    THROTTLED = "throttled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that arrived in a doctor's mailbox."""

    doctor: str
    step: str
    receipt: str
    id: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.step} of {self.receipt} to {self.doctor} at {self.at:%m-%d %H:%M:%S}"


@dataclass
class FakeSes:
    """A fake of SES. `outcomes` are the results of the next messages. After that, all are accepted.

    An address whose local part starts with `bounce` or `complain` causes that event. The mailbox `full` rejects its
    first message. Messages to `doctors_without_events` cause no event. `lost_events` has the numbers of events that are
    lost, and `late_events` of those that arrive last, collected in `postponed`. `before_event` is called with the
    number of each event before it is sent.
    """

    now: Callable[[], datetime]
    delivered: Callable[[Mail], object]
    outcomes: list[Outcome] = field(default_factory=list)
    doctors_without_events: set[str] = field(default_factory=set)
    lost_events: set[int] = field(default_factory=set)
    late_events: set[int] = field(default_factory=set)
    postponed: list[dict[str, Any]] = field(default_factory=list)
    before_event: Callable[[int], object] = lambda _: None
    event_count: int = 0
    mails: list[Mail] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        if operation == "GetAccount":
            # High enough that no message waits for its turn. Other tests cover that, with a running clock.
            quota = {"Max24HourSend": 50_000, "MaxSendRate": 1000, "SentLast24Hours": len(self.mails)}
            return response(request, 200, {"SendQuota": quota, "SendingEnabled": True, "ProductionAccessEnabled": True})
        assert operation == "SendEmail", operation
        body: Any = request.body
        self.requests.append(json.loads(body))
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome.ACCEPTED
        if outcome is Outcome.THROTTLED:
            return response(request, 429, {"message": "slow"}, {"x-amzn-ErrorType": "TooManyRequestsException"})
        if outcome is Outcome.REJECTED:
            return response(request, 400, {"message": "no"}, {"x-amzn-ErrorType": "MessageRejected"})
        if outcome is Outcome.LOST:
            raise ReadTimeoutError(endpoint_url=request.url)
        mail = self._deliver(self.requests[-1])
        if outcome is Outcome.RESPONSE_LOST:
            raise ReadTimeoutError(endpoint_url=request.url)
        return response(request, 200, {"MessageId": mail.id})

    def _deliver(self, sent: dict[str, Any]) -> Mail:
        tags = {tag["Name"]: tag["Value"] for tag in sent["EmailTags"]}
        (to,) = sent["Destination"]["ToAddresses"]
        doctor = mailbox(to)
        mail = Mail(doctor, tags["step"], tags["referral"], f"message-{len(self.mails)}", self.now())
        self.delivered(mail)
        self.mails.append(mail)
        for kind in _events_of(doctor, is_first=len([one for one in self.mails if one.doctor == doctor]) == 1):
            if doctor not in self.doctors_without_events:
                self._publish(self.event(mail, kind))
        return mail

    def _publish(self, event: dict[str, Any]) -> None:
        number, self.event_count = self.event_count, self.event_count + 1
        self.before_event(number)
        if number not in self.lost_events:
            (self.postponed if number in self.late_events else self.events).append(event)

    def event(self, mail: Mail, kind: str) -> dict[str, Any]:
        """The event that SES publishes for the message, as EventBridge delivers it."""
        event = mail_events.mail_event(kind, mail.receipt)
        detail = event["detail"]
        if kind == "Bounce" and mail.doctor.startswith("full"):
            detail["bounce"] |= {"bounceType": "Transient", "bounceSubType": "MailboxFull"}
        detail["mail"] |= {"messageId": mail.id, "timestamp": mail_events.time(mail.at), "destination": [mail.doctor]}
        detail["mail"]["tags"]["step"] = [mail.step]
        if kind.lower() in detail and "timestamp" in detail[kind.lower()]:
            detail[kind.lower()]["timestamp"] = mail_events.time(mail.at + timedelta(seconds=1))
        return event

    def requested_receipts(self) -> set[str]:
        """Receipts of the referrals for which SES was called, whether or not it accepted the message."""
        return {tag["Value"] for sent in self.requests for tag in sent["EmailTags"] if tag["Name"] == "referral"}

    def opt_out_url(self, doctor: str) -> str | None:
        """Opt-out link of the latest message to the doctor, whether or not it arrived."""
        if (content := self._latest(doctor)) is None:
            return None
        headers = {one["Name"]: one["Value"] for one in content["Headers"]}
        return str(headers["List-Unsubscribe"].strip("<>"))

    def answer_url(self, doctor: str) -> str:
        """Answer link of the latest message to the doctor."""
        content = self._latest(doctor)
        link = re.search(r"\S+/api/answer\?token=\S+", content["Body"]["Text"]["Data"]) if content else None
        assert link, "the doctor has a message"
        return link[0]

    def _latest(self, doctor: str) -> dict[str, Any] | None:
        """The content of the latest message to the doctor, whether or not it arrived."""
        for sent in reversed(self.requests):
            if mailbox(sent["Destination"]["ToAddresses"][0]) == doctor:
                content: dict[str, Any] = sent["Content"]["Simple"]
                return content
        return None


def _events_of(doctor: str, *, is_first: bool) -> tuple[str, ...]:
    if doctor.startswith("bounce") or (doctor.startswith("full") and is_first):
        return ("Send", "Bounce")
    return ("Send", "Delivery", "Complaint") if doctor.startswith("complain") else ("Send", "Delivery")
