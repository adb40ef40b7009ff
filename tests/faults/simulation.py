"""Simulates AWS around the real handlers: a table, SES, Lambda's event sources, and time.

Nothing runs by itself. A test triggers each action, and `settle` runs the simulation until no work is left.
"""

import ipaddress
import itertools
import json
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import botocore.handlers
import jinja2
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.events.models import EventPattern

from referral_intake.aws import shared_wiring
from referral_intake.aws.breaker_table import BreakerTable, breaker_key
from referral_intake.aws.item_format import Item, plain, timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.mailboxes import mailbox
from referral_intake.core.referral import LEASE, Answer, Stage
from referral_intake.dashboard.action_types import Action
from referral_intake.intake.challenges import Challenges
from referral_intake.wake import backlog_metrics
from samlocal.events.stream_batches import Record, Rules, deliver
from samlocal.runtime.functions import FunctionFailed
from samlocal.template.model import QueueSource, StreamSource
from tests.faults.call_interceptor import CallInterceptor
from tests.faults.fake_aws import Engine, FakeSecretsManager, FakeSes, Mail
from tests.faults.faults import WRITES, Killed
from tests.integration import aws
from tests.support import dashboard, events, proofs, samples
from tests.support.processes import new_process

CAMPAIGN = samples.campaign().name
MOST_ROUNDS = 40
MOST_RECEIVES = 5
# A person has a task, or the outreach has ended.
ENDED = frozenset({Stage.HELD, Stage.BY_POST, Stage.CLOSED})
# The doctor was told, and the next step is weeks away.
SETTLED = ENDED | {Stage.SENT}


class SimulationEnvironment:
    """Shared by several simulations: an engine, and the patches of botocore, time and wiring."""

    def __init__(self, engine: Engine, patch: pytest.MonkeyPatch) -> None:
        self.engine = engine
        self.patch = patch
        self.simulation: Simulation | None = None
        self.secrets = FakeSecretsManager()
        self._patch_botocore()
        patch.setattr(Challenges, "read", proofs.read_simulated_proof)
        # Metrics for people. No other code depends on them, so faults there are not checked.
        patch.setattr(backlog_metrics, "emit_all", lambda *_: None)
        self.client = boto3.client("dynamodb", endpoint_url=engine.url)
        # Other environments may use the same engine.
        self.table = f"simulation-{uuid.uuid4().hex[:8]}"
        aws.make_table(self.client, "Table", self.table)
        aws.make_table(self.client, "StatsTable", aws.stats_name(self.table))
        self._set_environment()
        self._patch_time()

    @property
    def redelivered(self) -> frozenset[str]:
        """Functions whose failed events AWS delivers again."""
        return _redelivered()

    def _patch_botocore(self) -> None:
        hook = ("before-send", self._send)
        others = [one for one in botocore.handlers.BUILTIN_HANDLERS if one[0] != "before-send"]
        self.patch.setattr(botocore.handlers, "BUILTIN_HANDLERS", [*others, hook])
        session = boto3.session.Session()
        if not self.engine.url:
            # moto reads neither the signature nor the user agent, and botocore builds both for each request.
            session._session.set_default_client_config(Config(signature_version=UNSIGNED, user_agent="faults"))
        self.patch.setattr(boto3, "DEFAULT_SESSION", session)
        # A session reads megabytes of JSON, and a client takes as long as ten calls. So processes share them.
        self.patch.setattr(boto3.session, "Session", lambda: session)
        self.patch.setattr(session, "client", _once(session.client))
        self.patch.setattr(jinja2, "Environment", _once(jinja2.Environment))

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        if self.simulation:
            return self.simulation.interceptor(event_name, request)
        service, operation = event_name.split(".")[1:3]
        return self.send_to_aws(service, operation, request)

    def send_to_aws(self, service: str, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        if service == "sesv2":
            assert self.simulation is not None
            return self.simulation.mail.answer(operation, request)
        if service == "secrets-manager":
            return self.secrets.answer(operation, request)
        assert service == "dynamodb", f"{service} is not simulated"
        return self.engine.send(request)

    def new_simulation(self) -> "Simulation":
        self.simulation = None
        for table in (self.table, aws.stats_name(self.table)):
            self.engine.empty(self.client, table)
        self.simulation = Simulation(self, self.table)
        return self.simulation

    def _set_environment(self) -> None:
        for function in aws.template().functions:
            for name, value in aws.environment(self.table, self.secrets.names, function).items():
                self.patch.setenv(name, value)
        if self.engine.url:
            self.patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", self.engine.url)

    def _patch_time(self) -> None:
        def clock() -> aws.Clock:
            assert self.simulation is not None
            return self.simulation.clock

        class Now(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return clock().time.astimezone(tz)

        # Handlers and wiring are the places where the code reads the time.
        modules = [function.handler.rpartition(".")[0] for function in aws.template().functions.values()]
        for module in (shared_wiring, *map(import_module, modules)):
            if hasattr(module, "datetime"):
                self.patch.setattr(module, "datetime", Now)

        def sleep(seconds: float) -> None:
            clock().time += timedelta(seconds=seconds)

        self.patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=sleep))


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission, and its receipt if it was accepted."""

    payload: dict[str, Any]
    receipt: str
    doctor: str


class Simulation:
    def __init__(self, environment: SimulationEnvironment, table: str) -> None:
        self.environment = environment
        self.table = table
        self.clock = aws.Clock()
        self.interceptor = CallInterceptor(environment.send_to_aws, self._tick, self._on_effect)
        self.mail = FakeSes(self.clock, self._on_delivery)
        self.accepted: list[Submission] = []
        # Owners of phone numbers, for referrals without an email address.
        self.phones: dict[str, str] = {}
        self.declined: dict[str, int] = {}
        self.told_by_letter_or_call: set[str] = set()
        self.paused: int | None = None
        self.reported: dict[str, Mail] = {}
        self.processed_events: list[dict[str, Any]] = []
        self.broken: list[str] = []
        self.exceptions: list[tuple[Mail, Mail]] = []
        self.records: list[tuple[StreamSource, Record]] = []
        self.history: list[tuple[StreamSource, Record]] = []
        self.dropped_records: set[int] = set()
        self.delivered: list[tuple[str, Record]] = []
        # Called with the number of each record before it is in the stream.
        self.before_record: Callable[[int], object] = lambda _: None
        self.skipped_count = 0
        self._stream = aws.Stream()
        self._images: dict[tuple[str, str], Item] = {}
        self._archived: set[tuple[str, str]] = set()
        self._submissions = itertools.count(1)
        new_process()

    # ---- Actions of people -------------------------------------------------------------------------------------------

    def submit(self, email: str | None = "maria.lopez@clinic.example", *, proven: bool = True, **details: Any) -> str:
        """Submits the form, and retries while the response is an error."""
        number = uuid.uuid5(uuid.NAMESPACE_OID, str(next(self._submissions)))
        # A known phone number is always given. Otherwise no rule could tell that a letter and a mail go to one doctor.
        known = [phone for phone, doctor in self.phones.items() if email and doctor == mailbox(email)]
        details = {"phone": known[0], **details} if known else details
        payload = samples.payload(submission_id=str(number), doctor=samples.doctor(email=email, **details))
        if proven:
            payload = proofs.with_simulated_proof(payload, self.clock.time - proofs.MINUTE)
        return self.send_again(payload)

    def send_again(self, payload: dict[str, Any]) -> str:
        for _ in range(3):
            answer = self.request(
                "intake", events.post_json(payload, cloudfront_viewer_address=_source_address(payload))
            )
            if answer and answer["statusCode"] in {200, 201}:
                submission = Submission(payload, json.loads(answer["body"])["receipt"], self._doctor(payload["doctor"]))
                if submission not in self.accepted:
                    self.accepted.append(submission)
                return submission.receipt
            self.clock.time += timedelta(seconds=5)
        raise AssertionError("no submission was accepted")

    def _doctor(self, details: dict[str, Any]) -> str:
        email: str | None = details["email"]
        return mailbox(email) if email else self.phones[details["phone"]]

    def act(self, receipt: str, action: Action, *, outdated_by: int = 0, **more: Any) -> int:
        """A manager acts on the referral, or on an older version of it, and retries while there is no response."""
        asked = {
            "action": action.value,
            "revision": max(1, int(self.referral(receipt)["revision"]) - outdated_by),
            **more,
        }
        status = 0
        for _ in range(3):
            event = dashboard.request("POST", f"/referrals/{receipt}/actions", asked)
            status = (self.request("dashboard", event) or {"statusCode": 0})["statusCode"]
            if status in {200, 409, 422}:
                break
        done = [one for one in self.referral(receipt).get("acts", []) if one["revision"] == asked["revision"]]
        came_to = [one.get("note") for one in done if one["what"] == action]
        # A rejection records why, and an opt-out how it came. A letter or a call records only an obstacle.
        is_done = came_to != [] and (action in {Action.REJECT, Action.WANTS_NO_MORE} or came_to == [None])
        if (status == 200) != is_done and status:
            self.broken.append(f"{action.value} of {receipt} was answered {status}: {done}")
        return status

    def compare(self, receipt: str, *, outdated_by: int = 0) -> None:
        """A manager decides, without error, whether the doctor is the one of the referral to compare with."""
        other = self.referral(receipt).get("leader", "")
        doctors = {one.receipt: one.doctor for one in self.accepted}
        action = Action.SAME_DOCTOR if doctors[receipt] == doctors.get(other) else Action.ANOTHER_DOCTOR
        self.act(receipt, action, outdated_by=outdated_by, others=[other])

    def decline_by_phone(self, receipt: str, *, outdated_by: int = 0) -> None:
        """The doctor calls, and wants no more messages. This also applies to every doctor with this name and phone."""
        if self.act(receipt, Action.WANTS_NO_MORE, outdated_by=outdated_by, channel="phone") == 200:
            phone = self.referral(receipt)["doctor"].get("phone")
            same = {one.doctor for one in self.accepted if phone and one.payload["doctor"].get("phone") == phone}
            (own,) = (one.doctor for one in self.accepted if one.receipt == receipt)
            for doctor in same | {own}:
                self.declined.setdefault(doctor, self.interceptor.moment)

    def opt_out(self, doctor: str) -> None:
        """The doctor uses the one-click opt-out of the latest message, if any (RFC 8058)."""
        url = self.mail.opt_out_url(doctor)
        if url is None:
            return
        self._follow(url, "POST /api/opt-out", "List-Unsubscribe=One-Click")
        self.declined.setdefault(doctor, self.interceptor.moment)

    def answer(self, doctor: str, answer: Answer) -> None:
        """The doctor answers through the latest message."""
        self._follow(self.mail.answer_url(doctor), "POST /api/answer", f"answer={answer.value}")

    def _follow(self, url: str, route: str, form: str) -> None:
        """Sends a form of a link's page, and retries while the response is an error."""
        query, media_type = url.partition("?")[2], "application/x-www-form-urlencoded"
        for _ in range(3):
            answer = self.request("links", events.request(route, form, query=query, content_type=media_type))
            if answer and answer["statusCode"] == 200:
                return
        raise AssertionError(f"{route} was not accepted")

    def pause(self) -> None:
        """Opens the breaker of the campaign."""
        update = Update(breaker_key(CAMPAIGN)).set("paused_at", timestamp(self.clock.time))
        Table(self.environment.client, self.table).update(update)
        self.paused = self.interceptor.moment

    def resume(self) -> None:
        """A person resumes the campaign."""
        BreakerTable(self.environment.client, self.table).resume(CAMPAIGN, samples.MANAGER, self.clock.time)
        self.paused = None

    def request(self, function: str, event: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = self.invoke(function, event)
        except FunctionFailed:
            return None
        return answer

    # ---- Actions of AWS ----------------------------------------------------------------------------------------------

    def invoke(self, short_name: str, event: Any) -> Any:
        """Emulates Lambda: raises FunctionFailed for any failure of the function."""
        handler = import_module(f"referral_intake.{short_name}.handler").handler
        if "routeKey" in event:
            event = aws.through_cloudfront(event, self.environment.secrets.text("OriginSecret"))
        with self.interceptor.running(short_name):
            try:
                return handler(event, aws.LambdaContext(function_name=short_name))
            except Killed:
                new_process()
            except Exception:  # noqa: BLE001  # a function may fail in any way
                pass
        raise FunctionFailed(short_name)

    def run_streams(self) -> None:
        """Delivers the records of the streams in order, and those that follow from them."""
        while self.records:
            source = self.records[0][0]
            batch = [record for of, record in self.records if of == source][: source.batch_size]
            self.records = [one for one in self.records if one[0] != source or one[1] not in batch]
            self.deliver(source, batch)

    def deliver(self, source: StreamSource, batch: Sequence[Record]) -> None:
        function = aws.template().functions[source.function].short_name
        rules = Rules(source.max_retries, source.bisect, source.partial_failures)

        def pause(retries: int) -> None:
            self.clock.time += timedelta(seconds=2**retries)

        def invoke(records: Sequence[Record]) -> Any:
            return self.invoke(function, {"Records": list(records)})

        lost = [record for skipped in deliver(batch, invoke, rules, pause) for record in skipped.records]
        self.skipped_count += len(lost)
        self.delivered += [(function, record) for record in batch if record not in lost]
        self.interceptor.stop_retrying()

    def redeliver(self, history: Iterable[tuple[StreamSource, Record]]) -> None:
        """Records may be delivered again, and late."""
        for source, record in list(history):
            self.deliver(source, [record])

    def deliver_events(self) -> None:
        """Delivers the events of SES as a queue does: a failed event is retried a few times."""
        waiting, self.mail.events = self.mail.events, []
        receives = 0
        while waiting and receives < MOST_RECEIVES:
            waiting = self.deliver_event_batch(waiting)
            self.clock.time += timedelta(minutes=3)
            receives += 1
        self.skipped_count += len(waiting)
        self.interceptor.stop_retrying()

    def deliver_event_batch(self, batch: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Delivers a batch of events to feedback, and returns those that failed."""
        records = [{"messageId": str(n), "eventSource": "aws:sqs", "body": json.dumps(e)} for n, e in enumerate(batch)]
        try:
            answer = self.invoke("feedback", {"Records": records})
        except FunctionFailed:
            return list(batch)
        failed = {int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]}
        for number, event in enumerate(batch):
            if number not in failed:
                self.processed_events.append(event)
                self._note_processed(event["detail"])
        return [event for number, event in enumerate(batch) if number in failed]

    def _note_processed(self, detail: dict[str, Any]) -> None:
        mail = next(mail for mail in self.mail.mails if mail.id == detail["mail"]["messageId"])
        self.reported[mail.id] = mail
        if detail["eventType"] == "Complaint" or detail.get("bounce", {}).get("bounceType") == "Permanent":
            self.declined.setdefault(mail.doctor, self.interceptor.moment)

    def wake(self, after: timedelta = timedelta(0)) -> None:
        self.clock.time += after
        self.request("wake", {})

    def settle(self, settled_stages: Collection[Stage] = SETTLED) -> None:
        """Runs the simulation until every referral is at a stage where nothing happens for long."""
        for _ in range(MOST_ROUNDS):
            self.run_streams()
            self.deliver_events()
            due = [
                referral["due_at"] for referral in self.referrals() if not self._is_settled(referral, settled_stages)
            ]
            if due:
                self.clock.time = max(self.clock.time, datetime.fromisoformat(min(due)))
                self.wake()
            elif not self.records:
                return
        self.broken.append("the simulation does not settle")

    def _is_settled(self, referral: dict[str, Any], settled_stages: Collection[Stage]) -> bool:
        if referral["stage"] != Stage.WAITING:
            return referral["stage"] in settled_stages
        due_at = datetime.fromisoformat(referral["due_at"])
        # Without an approval, the referral is checked every hour. Nothing else happens.
        patience = timedelta(0) if referral["reason"] == "not_approved" else timedelta(days=1)
        return due_at > self.clock.time + patience

    # ---- State of the simulation -------------------------------------------------------------------------------------

    def referrals(self) -> list[dict[str, Any]]:
        return [plain(image) for image in self.images()]

    def images(self) -> list[Item]:
        return [image for (_, sk), image in self._images.items() if sk == "referral"]

    def referral(self, receipt: str) -> dict[str, Any]:
        return plain(self._images[f"referral#{receipt}", "referral"])

    def has_archived(self, mail: Mail) -> bool:
        """Whether the message is archived beside the referral."""
        return (f"referral#{mail.receipt}", f"message#{mail.step}") in self._archived

    def stage(self, receipt: str) -> tuple[str, str | None]:
        referral = self.referral(receipt)
        return referral["stage"], referral.get("reason")

    def at(self, stage: Stage) -> list[str]:
        """Receipts of all referrals at this stage."""
        return [referral["receipt"] for referral in self.referrals() if referral["stage"] == stage]

    def requested(self) -> list[str]:
        """Receipts of the referrals whose doctor asked for a call or for information."""
        return [one["receipt"] for one in self.referrals() if one.get("answer") in {Answer.CALL, Answer.INFORMATION}]

    def audited_actions(self) -> list[tuple[str, str]]:
        """Actions of people with their receipts, as the audit log has them."""
        records = [plain(image) for (pk, _), image in self._images.items() if pk.startswith("audit#")]
        return [(receipt, one["what"]) for one in records if one["what"] in set(Action) for receipt in one["receipts"]]

    def indexed(self) -> set[str]:
        """Receipts of all entries of the index `due`."""
        found = self.environment.client.scan(TableName=self.table, IndexName="due")["Items"]
        return {str(item["pk"]["S"]).removeprefix("referral#") for item in found}

    def _tick(self) -> None:
        self.clock.time += timedelta(milliseconds=10)

    def _on_effect(self, service: str, operation: str) -> None:
        if service == "dynamodb" and operation in WRITES:
            self.read_changes()

    def read_changes(self) -> None:
        """Reads the changes of the table."""
        with self.interceptor.unobserved():
            images = self.environment.engine.items(self.environment.client, self.table)
        for image in images:
            key = image["pk"]["S"], image["sk"]["S"]
            if key[1].startswith("message#"):
                self._archived.add(key)  # An archived message. No filter of a stream matches it.
                continue
            if self._images.get(key) != image:
                if "told_by" in image and "told_by" not in self._images[key]:
                    self._check_letter_or_call(plain(image)["receipt"])
                self._record(image, self._images.get(key))
                self._images[key] = image

    def _record(self, image: Item, old: Item | None) -> None:
        record = self._stream.record(image, old)
        for source, matches in stream_sources():
            if matches(record):
                self.history.append((source, record))
                number = len(self.history) - 1
                self.before_record(number)
                if number not in self.dropped_records:
                    self.records.append((source, record))

    def _on_delivery(self, mail: Mail) -> None:
        """Checks whether a message that arrived was allowed."""
        run = self.interceptor.runs[-1]
        if mail.doctor in self.declined and self.declined[mail.doctor] < run.last_table_call:
            self.broken.append(f"mailed after the doctor said no: {mail}")
        if self.paused is not None and self.paused <= run.started:
            self.broken.append(f"mailed while the campaign was paused: {mail}")
        if mail.doctor in self.told_by_letter_or_call:
            self.broken.append(f"mailed after a letter or a call: {mail}")
        if run.last_table_operation in WRITES:
            self.broken.append(f"mailed without a last check: {mail}")
        for earlier in self.mail.mails:
            if (earlier.doctor, earlier.step) == (mail.doctor, mail.step) and not self._is_returned(earlier):
                if self._may_be_repeated(earlier, mail):
                    self.exceptions.append((earlier, mail))
                else:
                    self.broken.append(f"mailed twice: {earlier}; {mail}")

    def _check_letter_or_call(self, receipt: str) -> None:
        """Checks whether a letter or call that was recorded as the introduction was allowed."""
        doctor = next(submission.doctor for submission in self.accepted if submission.receipt == receipt)
        if doctor in self.declined:
            self.broken.append(f"told by a person after the doctor said no: {receipt}")
        if doctor in self.told_by_letter_or_call or any(mail.doctor == doctor for mail in self.mail.mails):
            self.broken.append(f"told by a person as well: {receipt}")
        self.told_by_letter_or_call.add(doctor)

    def _is_returned(self, mail: Mail) -> bool:
        """Whether the message is known to be undelivered, so that a retry is allowed."""
        return mail.id in self._message_entry(mail).get("returned", {})

    def _message_entry(self, mail: Mail) -> dict[str, Any]:
        """The entry of the message in the referral."""
        noted: dict[str, Any] = self.referral(mail.receipt).get("messages", {}).get(mail.step, {})
        return noted

    def _may_be_repeated(self, earlier: Mail, later: Mail) -> bool:
        """The one documented exception: SES accepted the message without any event, and later events arrive."""
        is_known = earlier.id in self.reported or earlier.id in self._message_entry(earlier).get("tries", {})
        feedback_is_alive = any(mail.at > earlier.at for mail in self.reported.values())
        return not is_known and feedback_is_alive and later.at - earlier.at >= LEASE - timedelta(minutes=1)


def _source_address(payload: dict[str, Any]) -> str:
    """Source address of a person. Each has another one, since screening holds many referrals from one source."""
    return f"{ipaddress.IPv4Address(uuid.UUID(payload['submission_id']).int % 2**32)}:443"


def _once(make: Callable[..., Any]) -> Callable[..., Any]:
    """Caches the result for equal arguments."""
    made: dict[str, Any] = {}

    def same(*args: Any, **options: Any) -> Any:
        key = repr([_cache_key(one) for one in (*args, *options.items())])
        if key not in made:
            made[key] = make(*args, **options)
        return made[key]

    return same


def _cache_key(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_cache_key(one) for one in value]
    if isinstance(value, Config | jinja2.FileSystemLoader):
        return sorted((name, str(one)) for name, one in vars(value).items())
    return getattr(value, "__name__", value)


@cache
def _redelivered() -> frozenset[str]:
    sources = [one for one in aws.template().sources if isinstance(one, StreamSource | QueueSource)]
    return frozenset(aws.template().functions[source.function].short_name for source in sources)


@cache
def stream_sources() -> list[tuple[StreamSource, Any]]:
    """Stream sources of the template, each with a function that applies its filters."""

    def matcher(source: StreamSource) -> Any:
        patterns = [EventPattern.load(pattern) for pattern in source.filters]
        return lambda record: not patterns or any(pattern.matches_event(record) for pattern in patterns)

    return [(source, matcher(source)) for source in aws.template().sources if isinstance(source, StreamSource)]
