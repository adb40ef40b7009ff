"""All events of referrals, once each, through the real handlers, with a doctor whose details are marked.

SES, the registry of doctors and the event bus are fakes that quote their input in error messages.
"""

import json
import os
import re
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
import pytest
import time_machine
from botocore.exceptions import ClientError, ReadTimeoutError

from referral_intake.aws import ses
from referral_intake.aws.breaker_table import breaker_key
from referral_intake.aws.item_format import plain, referral_key, typed
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.secrets import Secrets
from referral_intake.core.referral import receipt_for
from referral_intake.feedback import announcements
from referral_intake.lookup.npi_registry import NpiRegistry
from referral_intake.outreach.message_templates import MessageComposer
from referral_intake.reports.report_runs import ReportRunner
from referral_intake.stats.counting_table import CountingTable
from tests.integration import aws
from tests.support import dashboard, events, lookups, proofs, samples
from tests.support.mail_events import mail_event, time
from tests.support.processes import new_process

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MARKED_NAME = "Zyxmark Wvumark"
DOCTOR = {
    "name": MARKED_NAME,
    "practice": "Practicemark Clinic",
    "email": "mailmark@domainmark.example",
    "phone": "217 555 0142",
    "npi": "1548297369",
    "specialty": "Specialtymark",
    "address": {"line1": "77 Streetmark Road", "city": "Citymark", "state": "IL", "postal_code": "62777"},
}
HEADERS = {
    "user_agent": "Agentmark/1.0",
    "accept_language": "languagemark,en;q=0.5",
    "cloudfront_viewer_address": "198.51.100.177:4711",
    "x_forwarded_for": "198.51.100.178",
    "x_headermark": "headervaluemark\r\nx: y",
    "content_type": "application/json",
}
# Names as typed, stored and normalized. Numbers without separators.
MARKS = ("mark", "5550142", "555 0142", "555-0142", "1548297369", "62777", "198.51.100.17")


class Quoting:
    """A fake of SES. `behavior` is its behavior for the next messages."""

    def __init__(self) -> None:
        self.behavior = "take"
        self.sent: list[dict[str, Any]] = []
        self.mails: dict[str, dict[str, Any]] = {}
        """By referral, what SES's events tell of the last message."""

    def get_account(self) -> dict[str, Any]:
        return {"SendQuota": {"MaxSendRate": 1000.0, "Max24HourSend": 50_000.0, "SentLast24Hours": 10.0}}

    def send_email(self, **asked: Any) -> dict[str, str]:
        (to,) = asked["Destination"]["ToAddresses"]
        quoted = f"Address {to} of {MARKED_NAME} is no good."
        match self.behavior:
            case "refuse":
                raise error_of("MessageRejected", quoted)
            case "defer":
                raise error_of("MessageRejected", f"Email address is not verified: {to}")
            case "silence":
                raise ReadTimeoutError(endpoint_url=f"https://email.example/{to}")
        self.sent.append(asked)
        message_id = f"message-{len(self.sent)}"
        tags = {tag["Name"]: [tag["Value"]] for tag in asked["EmailTags"]}
        mail = {"timestamp": time(datetime.now(UTC)), "messageId": message_id, "tags": tags}
        # The weekly summary has no tag for a referral.
        self.mails |= dict.fromkeys(tags.get("referral", []), mail)
        return {"MessageId": message_id}


def error_of(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": _REFUSED}, "SendEmail")


_REFUSED: Any = {"HTTPStatusCode": 400}


class Bus:
    def put_events(self, **_: Any) -> dict[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class Life:
    clock: time_machine.Traveller
    """The time that the functions see, set by `living`."""

    def __init__(self, client: "DynamoDBClient", secrets: dict[str, str], patch: pytest.MonkeyPatch) -> None:
        self.client = client
        self.table = next(name for name in client.list_tables()["TableNames"] if not name.endswith("-stats"))
        self.look = aws.Look(client, self.table)
        self.mail = Quoting()
        self.patch = patch
        self.raised: list[str] = []
        self.record = aws.Stream().record
        self._keys = partial(Secrets().keyring, secrets["HashingKeys"])
        told = boto3.client("secretsmanager").get_secret_value(SecretId=secrets["OriginSecret"])
        self._origin_secret = told["SecretString"]
        for function in aws.template().functions:
            for name, value in aws.environment(self.table, secrets, function).items():
                patch.setenv(name, value)
        self._sqs = boto3.client("sqs")
        self.jobs = self._sqs.create_queue(QueueName="jobs")["QueueUrl"]
        patch.setenv("REPORT_JOBS_URL", self.jobs)
        boto3.client("s3").create_bucket(Bucket=os.environ["REPORT_FILES"])
        patch.setenv("UNAPPROVED_CONTENT", "send")
        patch.setenv("CHALLENGE_TRIES", "1")
        patch.setattr(ses, "client", lambda: self.mail)
        patch.setattr(announcements, "client", Bus)
        new_process()

    # ---- Handlers ----------------------------------------------------------------------------------------------------

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        handler = import_module(f"referral_intake.{function}.handler").handler
        if "routeKey" in event:
            event = aws.through_cloudfront(event, self._origin_secret)
        return handler(event, aws.LambdaContext(function_name=function))

    def fail(self, function: str, event: dict[str, Any]) -> None:
        """Writes the log line that Lambda writes for an exception of a handler."""
        try:
            self.invoke(function, event)
        except Exception as error:  # noqa: BLE001  # any exception
            self.raised.append(f"{type(error).__name__}: {error} {''.join(traceback.format_exception(error))}")

    def submit(self, *, proven: bool = True, **fields: Any) -> str:
        """Returns the receipt."""
        sent = samples.payload(doctor=DOCTOR) | fields
        if proven:
            sent = proofs.proven(sent, self._keys, datetime.now(UTC) - timedelta(minutes=1))
        self.post(sent)
        return receipt_for(uuid.UUID(sent["submission_id"]))

    def post(self, sent: object, query: str = "querymark=valuemark") -> Any:
        event = events.post_json(sent, **HEADERS)
        return self.invoke("intake", event | {"rawQueryString": query})

    def reach(self, *receipts: str) -> None:
        records = [self.record(self.look.items()[f"referral#{receipt}"]) for receipt in receipts]
        # The filter of the stream passes only queued referrals to `outreach`.
        queued = [one for one in records if one["dynamodb"]["NewImage"]["stage"] == {"S": "queued"}]
        if queued:
            self.invoke("outreach", {"Records": queued})
        # `stats` reads the same stream.
        self.invoke("stats", {"Records": records})

    def tell(
        self, kind: str, receipt: str, seconds: float = 0, *, sent_at: datetime | None = None, **details: Any
    ) -> None:
        """SES reports an event that occurred `seconds` after the message was sent, by default now."""
        event = mail_event(kind, receipt, seconds, sent_at=sent_at or datetime.now(UTC), **details)
        item = self.look.items().get(f"referral#{receipt}", {})
        email = plain(item)["doctor"].get("email") if item else None
        event["detail"]["mail"] |= {"destination": [email or DOCTOR["email"]], **self.mail.mails.get(receipt, {})}
        if sent_at:
            event["detail"]["mail"]["timestamp"] = time(sent_at)
        self.tell_body(json.dumps(event))

    def tell_body(self, body: str) -> None:
        self.invoke("feedback", {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]})

    def follow(self, path: str, **form: str) -> None:
        """The doctor opens a link of the latest message and submits its form."""
        url = re.search(
            rf"http\S+{path}\?(token=[\w.=-]+)", self.mail.sent[-1]["Content"]["Simple"]["Body"]["Text"]["Data"]
        )
        assert url
        headers = HEADERS | {"content_type": "application/x-www-form-urlencoded"}
        for method in ("GET", "POST"):
            body = urlencode({**form, "fieldmark": "valuemark"})
            self.invoke("links", events.request(f"{method} {path}", body, query=url[1], **headers))

    def look_up(self, name: str) -> None:
        query = f"name={name}&state=IL"
        self.invoke("lookup", events.request("GET /api/doctors", query=query, **HEADERS))

    def wake(self) -> None:
        self.invoke("wake", {})

    def change(self, receipt: str, **attributes: Any) -> None:
        """Changes the referral directly, without any rule, to simulate an earlier history."""
        names = {f"#{name}": name for name in attributes}
        values = {f":{name}": typed(value) for name, value in attributes.items()}
        changes = ", ".join(f"#{name} = :{name}" for name in attributes)
        self.client.update_item(
            TableName=self.table,
            Key=referral_key(receipt),
            UpdateExpression=f"SET {changes}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    # ---- Events ------------------------------------------------------------------------------------------------------

    def live(self) -> None:
        self.everything_works()
        self.everything_fails()

    def everything_works(self) -> None:
        self.patients_send()
        self.outreach_writes()
        self.doctors_answer()
        self.ses_tells()
        self.schedules_run()
        self.doctors_are_looked_up()
        self.marketing_reads()

    def patients_send(self) -> None:
        self.submit()
        self.submit(proven=False)
        for sent in (
            samples.payload(doctor=DOCTOR | {"email": "mailmark@", "fieldmark": "valuemark"}),
            samples.payload(doctor=MARKED_NAME, campaign="campaignmark", locale="localemark", comments="trapmark"),
            '{"doctor": "Zyxmark',
            [MARKED_NAME],
            "mark" * 9000,
        ):
            self.post(sent)
        twice = samples.payload(doctor=DOCTOR)
        self.post(twice)
        self.post(twice | {"submitted_by": "caregiver"})
        self.invoke("intake", events.get_status("mark-mark-mark-mark", **HEADERS))
        self.invoke("intake", events.get_challenge("bindingmark"))
        headers = HEADERS | {"content_type": "application/x-www-form-urlencoded", "accept": "text/html"}
        form = {"doctor.name": MARKED_NAME, "doctor.email": "mailmark@", "fieldmark": "x", "campaign": "campaignmark"}
        self.invoke("intake", events.request("POST /api/referrals", urlencode(form), **headers))

    def outreach_writes(self) -> None:
        self.told = self.submit()
        self.reach(self.told)
        self.reach(self.submit())  # Joins the first referral.
        for number, behavior in enumerate(("refuse", "defer", "silence")):
            self.mail.behavior = behavior
            self.reach(self.another(f"{behavior}{number}"))
        self.mail.behavior = "take"
        self.reach(self.submit(doctor={key: DOCTOR[key] for key in ("name", "phone", "address")}))

    def another(self, name: str) -> str:
        """A separate doctor."""
        return self.submit(doctor={"name": f"{name}mark {MARKED_NAME}", "email": f"{name}mark@domainmark.example"})

    def doctors_answer(self) -> None:
        self.follow("/api/answer", answer="call")
        self.follow("/api/opt-out")
        self.follow("/api/opt-out", undo="1")
        for path in ("answer", "opt-out"):
            headers = HEADERS | {"content_type": "application/x-www-form-urlencoded"}
            self.invoke("links", events.request(f"POST /api/{path}", "a=mark", query="token=tokenmark", **headers))

    def ses_tells(self) -> None:
        # Times of events can't be in the future.
        sent_at = datetime.now(UTC) - timedelta(minutes=3)
        for kind, seconds in (("Send", 0), ("Delivery", 2), ("Open", 90), ("Click", 120), ("DeliveryDelay", 1)):
            link: dict[str, Any] = (
                {"link": "https://linkmark.example/", "userAgent": "Mozilla/5.0 Agentmark"}
                if kind in {"Open", "Click"}
                else {}
            )
            self.tell(kind, self.told, seconds, sent_at=sent_at, **link)
        bounced: dict[str, Any] = {
            "bouncedRecipients": [{"emailAddress": DOCTOR["email"], "diagnosticCode": f"no {MARKED_NAME}"}]
        }
        self.tell("Bounce", self.told, 3, bounceType="Transient", bounceSubType="MailboxFull", **bounced)
        self.client.update_item(
            TableName=self.table,
            Key=breaker_key("lumen"),
            UpdateExpression="ADD #a :n, #b :n",
            ExpressionAttributeNames={
                f"#{x}": f"{_days_ago(1)}/{name}" for x, name in zip("ab", _COUNTED, strict=True)
            },
            ExpressionAttributeValues={":n": {"N": "900"}},
        )
        self.tell("Bounce", self.told, 4, **bounced)
        self.tell("Complaint", self.told, 5)
        self.tell("Reject", self.submit())
        self.tell("Bounce", "AAAA-AAAA-AAAA-AAAA")

    def schedules_run(self) -> None:
        past = "2026-01-01T00:00:00.000Z"
        lost, given_up, unclear = (self.submit() for _ in range(3))
        self.change(lost, due_at=past)
        self.change(given_up, due_at=past, failed_attempts=6)
        self.change(unclear, due_at=past, stage="sending")
        self.wake()

    def doctors_are_looked_up(self) -> None:
        for records in (lambda: lookups.RECORDS, _broken_by(OSError), _broken_by(ValueError)):
            self.patch.setattr(NpiRegistry, "_get", lambda _, url, records=records: _as_bytes(records()))
            self.look_up(f"{MARKED_NAME}{uuid.uuid4().hex[:4]}")
        self.look_up("")

    def marketing_reads(self) -> None:
        """A manager searches by all known details, acts and exports. A viewer and an unauthorized user try to."""
        by_post = self.submit(doctor={key: DOCTOR[key] for key in ("name", "phone", "address")})
        self.change(by_post, stage="by_post", task_kind="lumen/by_post", waits_since="2026-01-01T00:00:00.000Z")
        looks: list[tuple[str, str, Any]] = [
            ("POST", "/referrals/search", {"campaign": "lumen", **asked})
            for asked in (
                {"email": DOCTOR["email"]},
                {"name": "zyxmark"},
                {"npi": DOCTOR["npi"]},
                {"receipt": by_post},
                {"fieldmark": "valuemark", "cursor": "cursormark"},
            )
        ]
        looks += [
            ("GET", f"/referrals/{by_post}", None),
            ("GET", "/work/by_post", None),
            ("POST", f"/referrals/{by_post}/actions", {"action": "add_email", "revision": 1, "email": "mailmark@"}),
            ("POST", f"/referrals/{by_post}/actions", {"action": "add_email", "revision": 1, "email": DOCTOR["email"]}),
            ("POST", f"/referrals/{by_post}/actions", '{"action": "Zyxmark'),
            (
                "POST",
                "/reports",
                {"kind": "referrals", "format": "csv", "campaign": "lumen", "filter": {"state": "IL"}},
            ),
            (
                "POST",
                "/reports",
                {"kind": "kindmark", "format": "csv", "campaign": "lumen", "filter": {"name": "mark"}},
            ),
            ("GET", "/pathmark", None),
        ]
        for groups in (dashboard.MANAGER, dashboard.VIEWER, "[groupmark]"):
            for method, path, data in looks:
                query = "" if data else "campaign=lumen"
                asked = dashboard.request(
                    method, path, data, query=query, groups=groups, username="mailmark@team.example"
                )
                self.invoke("dashboard", asked)

        self.reports_are_made()

    def reports_are_made(self) -> None:
        while found := self._sqs.receive_message(QueueUrl=self.jobs).get("Messages"):
            self._sqs.delete_message(QueueUrl=self.jobs, ReceiptHandle=found[0]["ReceiptHandle"])
            self.make_report(found[0]["Body"])

    def make_report(self, body: str) -> None:
        self.invoke("reports", {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]})

    def everything_fails(self) -> None:
        """Each handler meets an error whose message quotes the doctor, with a cause that does so too."""
        self.reach(self.another("last"))
        broken = self.submit()
        with self._failing(ReferralTable, "add"):
            self.submit()
        with self._failing(ReferralTable, "get"):
            self.invoke("intake", events.get_status(broken, **HEADERS))
            self.tell("Delivery", broken)
            self.follow("/api/answer", answer="no")
            self.invoke("dashboard", dashboard.request("GET", f"/referrals/{broken}"))
            todo = {"action": "add_email", "revision": 1, "email": DOCTOR["email"]}
            self.invoke("dashboard", dashboard.request("POST", f"/referrals/{broken}/actions", todo))
            self.change(broken, due_at="2026-01-01T00:00:00.000Z")
            self.wake()
        with self._failing(ReferralTable, "due"):
            self.fail("wake", {})
        with self._failing(CountingTable, "count"):
            self.fail("stats", {"Records": [self.record(self.look.items()[f"referral#{broken}"])]})
        with self._failing(ReportRunner, "requeue_lost"):
            self.fail("reports", {"task": "lost_reports"})
        with self._failing(ReportRunner, "run"):
            self.make_report("R1")
        with self._failing(MessageComposer, "compose"):
            self.invoke("outreach", {"Records": [self.record(self.look.items()[f"referral#{broken}"])]})
        self.change(broken, stage="stagemark")
        unreadable = [self.record(self.look.items()[f"referral#{broken}"])]
        for function in ("outreach", "stats"):
            self.invoke(function, {"Records": unreadable})
        self.tell_body(f"no JSON of {DOCTOR['email']}")

    @contextmanager
    def _failing(self, where: type, method: str) -> Iterator[None]:
        with self.patch.context() as patch:
            patch.setattr(where, method, _broken_by(ValueError))
            yield


_COUNTED = ("delivered", "bounced")


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def _as_bytes(records: Any) -> bytes:
    return json.dumps({"results": records}).encode()


def _broken_by(kind: type[Exception]) -> Any:
    """An object that raises an error whose message, notes and cause quote the doctor."""
    told = f"{MARKED_NAME} <{DOCTOR['email']}> {DOCTOR['phone']}"

    def breaks(*_: object, **__: object) -> Any:
        error = kind(told)
        error.add_note(told)
        raise error from KeyError(told)

    return breaks


@contextmanager
def living(
    client: "DynamoDBClient",
    secrets: dict[str, str],
    patch: pytest.MonkeyPatch,
    at: datetime = samples.NOW,
    *,
    tick: bool = True,
) -> Iterator[Life]:
    """Yield a Life whose clock starts at `at`. Without `tick`, only `Life.clock` moves the time."""
    try:
        with time_machine.travel(at, tick=tick) as clock:
            life = Life(client, secrets, patch)
            life.clock = clock
            yield life
    finally:
        # Later tests in this process must not use the fakes.
        new_process()
