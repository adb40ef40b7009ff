"""All events of referrals, once each, through the real handlers, with a doctor whose details are marked.

SES, the registry of doctors and the event bus are fakes that quote their input in error messages.
"""

import itertools
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
PERSONAL_DATA = ("mark", "5550142", "555 0142", "555-0142", "1548297369", "62777", "198.51.100.17")


# Suffixes of the names of other tables.
OTHER_TABLES = (aws.stats_name(""), aws.source_keys_name(""))


class QuotingSes:
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


class FakeEventBus:
    def put_events(self, **_: Any) -> dict[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class HandlerHarness:
    clock: time_machine.Traveller
    """The time that the functions see, set by `handler_harness`."""

    def __init__(self, client: "DynamoDBClient", secrets: dict[str, str], patch: pytest.MonkeyPatch) -> None:
        self.client = client
        self.table = next(name for name in client.list_tables()["TableNames"] if not name.endswith(OTHER_TABLES))
        self.table_reader = aws.TableReader(client, self.table)
        self.mail = QuotingSes()
        self.patch = patch
        self.raised: list[str] = []
        self._submissions = itertools.count()
        self.record = aws.Stream().record
        self._keys = partial(Secrets().keyring, secrets["HashingKeys"])
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=secrets["OriginSecret"])
        self._origin_secret = secret["SecretString"]
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
        patch.setattr(announcements, "client", FakeEventBus)
        new_process()

    # ---- Handlers ----------------------------------------------------------------------------------------------------

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        handler = import_module(f"referral_intake.{function}.handler").handler
        if "routeKey" in event:
            event = aws.through_cloudfront(event, self._origin_secret)
        return handler(event, aws.LambdaContext(function_name=function))

    def invoke_failing(self, function: str, event: dict[str, Any]) -> None:
        """Writes the log line that Lambda writes for an exception of a handler."""
        try:
            self.invoke(function, event)
        except Exception as error:  # noqa: BLE001  # any exception
            self.raised.append(f"{type(error).__name__}: {error} {''.join(traceback.format_exception(error))}")

    def submit(self, *, with_proof: bool = True, **fields: Any) -> str:
        """Returns the receipt."""
        sent = samples.payload(doctor=DOCTOR) | fields
        if with_proof:
            issued_at = datetime.now(UTC) - timedelta(minutes=1)
            sent = proofs.with_proof(sent, self._keys, issued_at, "198.51.100.170")
        self.post(sent)
        return receipt_for(uuid.UUID(sent["submission_id"]))

    def post(self, sent: object, query: str = "querymark=valuemark") -> Any:
        # Each from a network of its own, because after a bounce the other referrals of a network are held.
        address = f"198.51.100.{170 + next(self._submissions) % 10}:4711"
        event = events.post_json(sent, **{**HEADERS, "cloudfront_viewer_address": address})
        return self.invoke("intake", event | {"rawQueryString": query})

    def item(self, receipt: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_item(
            TableName=self.table, Key=referral_key(receipt), ConsistentRead=True
        )["Item"]
        return found

    def deliver_records(self, *receipts: str) -> None:
        records = [self.record(self.item(receipt)) for receipt in receipts]
        # The filter of the stream passes only queued referrals to `outreach`.
        queued = [one for one in records if one["dynamodb"]["NewImage"]["stage"] == {"S": "queued"}]
        if queued:
            self.invoke("outreach", {"Records": queued})
        # `stats` reads the same stream.
        self.invoke("stats", {"Records": records})

    def deliver_ses_event(
        self, kind: str, receipt: str, seconds: float = 0, *, sent_at: datetime | None = None, **details: Any
    ) -> None:
        """SES reports an event that occurred `seconds` after the message was sent, by default now."""
        event = mail_event(kind, receipt, seconds, sent_at=sent_at or datetime.now(UTC), **details)
        item = self.table_reader.items().get(f"referral#{receipt}", {})
        email = plain(item)["doctor"].get("email") if item else None
        event["detail"]["mail"] |= {"destination": [email or DOCTOR["email"]], **self.mail.mails.get(receipt, {})}
        if sent_at:
            event["detail"]["mail"]["timestamp"] = time(sent_at)
        self.deliver_ses_event_body(json.dumps(event))

    def deliver_ses_event_body(self, body: str) -> None:
        self.invoke("feedback", {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]})

    def follow_link(self, path: str, **form: str) -> Any:
        """The doctor opens a link of the latest message and submits its form. Returns the last response."""
        url = re.search(
            rf"http\S+{path}\?(token=[\w.=-]+)", self.mail.sent[-1]["Content"]["Simple"]["Body"]["Text"]["Data"]
        )
        assert url
        headers = HEADERS | {"content_type": "application/x-www-form-urlencoded"}
        for method in ("GET", "POST"):
            body = urlencode({**form, "fieldmark": "valuemark"})
            response = self.invoke("links", events.request(f"{method} {path}", body, query=url[1], **headers))
        return response

    def look_up(self, name: str) -> None:
        query = f"name={name}&state=IL"
        self.invoke("lookup", events.request("GET /api/doctors", query=query, **HEADERS))

    def wake(self) -> None:
        self.invoke("wake", {})

    def set_attributes(self, receipt: str, **attributes: Any) -> None:
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

    def run_all(self) -> None:
        self.run_normal_events()
        self.run_failures()

    def run_normal_events(self) -> None:
        self.run_submissions()
        self.run_outreach()
        self.run_answers()
        self.run_ses_events()
        self.run_schedules()
        self.run_lookups()
        self.run_dashboard()

    def run_submissions(self) -> None:
        self.submit()
        self.submit(with_proof=False)
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
        self.invoke("intake", events.post_withdrawal(self.submit(), **HEADERS))
        headers = HEADERS | {"content_type": "application/x-www-form-urlencoded", "accept": "text/html"}
        form = {"doctor.name": MARKED_NAME, "doctor.email": "mailmark@", "fieldmark": "x", "campaign": "campaignmark"}
        self.invoke("intake", events.request("POST /api/referrals", urlencode(form), **headers))

    def run_outreach(self) -> None:
        self.mailed_receipt = self.submit()
        self.deliver_records(self.mailed_receipt)
        self.deliver_records(self.submit())  # Joins the first referral.
        for behavior in ("refuse", "defer", "silence"):
            self.mail.behavior = behavior
            self.deliver_records(self.submit_for_another_doctor(behavior))
        self.mail.behavior = "take"
        self.deliver_records(self.submit(doctor={key: DOCTOR[key] for key in ("name", "phone", "address")}))

    def submit_for_another_doctor(self, name: str) -> str:
        """A separate doctor."""
        return self.submit(doctor={"name": f"{name}mark {MARKED_NAME}", "email": f"{name}mark@domainmark.example"})

    def run_answers(self) -> None:
        self.follow_link("/api/answer", answer="call")
        for number, when in (("217 555 0142", "morning"), ("phonemark", "timemark")):
            self.follow_link("/api/answer", answer="call", **{"callback.phone": number, "callback.time": when})
        page = self.follow_link("/api/opt-out", scope="all")["body"]
        [token] = re.findall(r'name="undo" value="([^"]+)"', page)
        self.follow_link("/api/opt-out", undo=token)
        for path in ("answer", "opt-out"):
            headers = HEADERS | {"content_type": "application/x-www-form-urlencoded"}
            self.invoke("links", events.request(f"POST /api/{path}", "a=mark", query="token=tokenmark", **headers))

    def run_ses_events(self) -> None:
        # Times of events can't be in the future.
        sent_at = datetime.now(UTC) - timedelta(minutes=3)
        for kind, seconds in (("Send", 0), ("Delivery", 2), ("Open", 90), ("Click", 120), ("DeliveryDelay", 1)):
            link: dict[str, Any] = (
                {"link": "https://linkmark.example/", "userAgent": "Mozilla/5.0 Agentmark"}
                if kind in {"Open", "Click"}
                else {}
            )
            self.deliver_ses_event(kind, self.mailed_receipt, seconds, sent_at=sent_at, **link)
        bounced: dict[str, Any] = {
            "bouncedRecipients": [{"emailAddress": DOCTOR["email"], "diagnosticCode": f"no {MARKED_NAME}"}]
        }
        self.deliver_ses_event(
            "Bounce", self.mailed_receipt, 3, bounceType="Transient", bounceSubType="MailboxFull", **bounced
        )
        self.client.update_item(
            TableName=self.table,
            Key=breaker_key("lumen"),
            UpdateExpression="ADD #a :n, #b :n",
            ExpressionAttributeNames={
                f"#{x}": f"{_days_ago(1)}/{name}" for x, name in zip("ab", OUTCOMES, strict=True)
            },
            ExpressionAttributeValues={":n": {"N": "900"}},
        )
        self.deliver_ses_event("Bounce", self.mailed_receipt, 4, **bounced)
        self.deliver_ses_event("Complaint", self.mailed_receipt, 5)
        self.deliver_ses_event("Reject", self.submit())
        self.deliver_ses_event("Bounce", "AAAA-AAAA-AAAA-AAAA")

    def run_schedules(self) -> None:
        past = "2026-01-01T00:00:00.000Z"
        lost, given_up, unclear = (self.submit() for _ in range(3))
        self.set_attributes(lost, due_at=past)
        self.set_attributes(given_up, due_at=past, setbacks=6)
        self.set_attributes(unclear, due_at=past, stage="sending")
        self.wake()

    def run_lookups(self) -> None:
        for records in (lambda: lookups.RECORDS, raising(OSError), raising(ValueError)):
            self.patch.setattr(NpiRegistry, "_get", lambda _, url, records=records: _as_bytes(records()))
            self.look_up(f"{MARKED_NAME}{uuid.uuid4().hex[:4]}")
        self.patch.setattr(NpiRegistry, "_get", lambda _, url: _as_bytes(lookups.RECORDS))
        self.look_up("Maria Lopez")
        self.look_up("")

    def run_dashboard(self) -> None:
        """A manager searches by all known details, acts and exports. A viewer and an unauthorized user try to."""
        by_post = self.submit(doctor={key: DOCTOR[key] for key in ("name", "phone", "address")})
        self.set_attributes(by_post, stage="by_post", task_kind="lumen/by_post", waits_since="2026-01-01T00:00:00.000Z")
        looks: list[tuple[str, str, Any]] = [
            ("POST", "/referrals/search", {"campaign": "lumen", **request})
            for request in (
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
                request = dashboard.request(
                    method, path, data, query=query, groups=groups, username="mailmark@team.example"
                )
                self.invoke("dashboard", request)

        self.run_report_jobs()

    def run_report_jobs(self) -> None:
        while found := self._sqs.receive_message(QueueUrl=self.jobs).get("Messages"):
            self._sqs.delete_message(QueueUrl=self.jobs, ReceiptHandle=found[0]["ReceiptHandle"])
            self.run_report_job(found[0]["Body"])

    def run_report_job(self, body: str) -> None:
        self.invoke("reports", {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]})

    def run_failures(self) -> None:
        """Each handler meets an error whose message quotes the doctor, with a cause that does so too."""
        self.deliver_records(self.submit_for_another_doctor("last"))
        broken = self.submit()
        with self._failing(ReferralTable, "add"):
            self.submit()
        with self._failing(ReferralTable, "get"):
            self.invoke("intake", events.get_status(broken, **HEADERS))
            self.deliver_ses_event("Delivery", broken)
            self.follow_link("/api/answer", answer="no")
            self.invoke("dashboard", dashboard.request("GET", f"/referrals/{broken}"))
            todo = {"action": "add_email", "revision": 1, "email": DOCTOR["email"]}
            self.invoke("dashboard", dashboard.request("POST", f"/referrals/{broken}/actions", todo))
            self.set_attributes(broken, due_at="2026-01-01T00:00:00.000Z")
            self.wake()
        with self._failing(ReferralTable, "due"):
            self.invoke_failing("wake", {})
        with self._failing(CountingTable, "count"):
            self.invoke_failing("stats", {"Records": [self.record(self.table_reader.items()[f"referral#{broken}"])]})
        with self._failing(ReportRunner, "requeue_lost"):
            self.invoke_failing("reports", {"task": "lost_reports"})
        with self._failing(ReportRunner, "run"):
            self.run_report_job("R1")
        with self._failing(MessageComposer, "compose"):
            self.invoke("outreach", {"Records": [self.record(self.table_reader.items()[f"referral#{broken}"])]})
        self.set_attributes(broken, stage="stagemark")
        unreadable = [self.record(self.table_reader.items()[f"referral#{broken}"])]
        for function in ("outreach", "stats"):
            self.invoke(function, {"Records": unreadable})
        self.deliver_ses_event_body(f"no JSON of {DOCTOR['email']}")

    @contextmanager
    def _failing(self, where: type, method: str) -> Iterator[None]:
        with self.patch.context() as patch:
            patch.setattr(where, method, raising(ValueError))
            yield


OUTCOMES = ("delivered", "bounced")


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def _as_bytes(records: Any) -> bytes:
    return json.dumps({"results": records}).encode()


def raising(kind: type[Exception]) -> Any:
    """An object that raises an error whose message, notes and cause quote the doctor."""
    details = f"{MARKED_NAME} <{DOCTOR['email']}> {DOCTOR['phone']}"

    def breaks(*_: object, **__: object) -> Any:
        error = kind(details)
        error.add_note(details)
        raise error from KeyError(details)

    return breaks


@contextmanager
def handler_harness(
    client: "DynamoDBClient",
    secrets: dict[str, str],
    patch: pytest.MonkeyPatch,
    at: datetime = samples.NOW,
    *,
    tick: bool = True,
) -> Iterator[HandlerHarness]:
    """Yield a HandlerHarness whose clock starts at `at`. Without `tick`, only `HandlerHarness.clock` moves the time."""
    try:
        with time_machine.travel(at, tick=tick) as clock:
            harness = HandlerHarness(client, secrets, patch)
            harness.clock = clock
            yield harness
    finally:
        # Later tests in this process must not use the fakes.
        new_process()
