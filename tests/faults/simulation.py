"""Simulates AWS around the real handlers: a table, SES, Lambda's event sources, and time.

Nothing runs by itself. A test triggers each action, and `settle` runs the simulation until no work is left.
"""

import itertools
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from moto.events.models import EventPattern

from referral_intake.aws.item_format import Item
from referral_intake.core.referral import Stage
from samlocal.events.stream_batches import Record, Rules, deliver
from samlocal.runtime.functions import FunctionFailed
from samlocal.template.model import StreamSource
from tests.faults.call_interceptor import CallInterceptor
from tests.faults.fake_aws import FakeSes
from tests.faults.faults import WRITES, Killed
from tests.faults.message_checks import MessageChecks, Submission
from tests.faults.table_state import TableState
from tests.integration import aws
from tests.support.processes import new_process

if TYPE_CHECKING:
    from tests.faults.environment import SimulationEnvironment

MOST_ROUNDS = 40
MOST_RECEIVES = 5
# A person has a task, or the outreach has ended.
ENDED = frozenset({Stage.HELD, Stage.BY_POST, Stage.CLOSED})
# The doctor was told, and the next step is weeks away.
SETTLED = ENDED | {Stage.SENT}


class Simulation:
    def __init__(self, environment: "SimulationEnvironment") -> None:
        self.environment = environment
        self.clock = aws.Clock()
        self.interceptor = CallInterceptor(environment.send_to_aws, self._tick, self._on_effect)
        self.mail = FakeSes(self.clock, lambda mail: self.checks.check_mail(mail))
        self.state = TableState()
        self.accepted: list[Submission] = []
        self.checks = MessageChecks(self.interceptor, self.mail, self.state, self.accepted)
        self.submission_numbers = itertools.count(1)
        # Owners of phone numbers, for referrals without an email address.
        self.phones: dict[str, str] = {}
<<<<<<< HEAD
=======
        self.declined: dict[str, int] = {}
        # All doctors have the same name. An opt-out by phone also applies to those who are named later.
        self.declined_phones: set[str] = set()
        self.told_by_letter_or_call: set[str] = set()
        self.paused: int | None = None
        self.reported: dict[str, Mail] = {}
>>>>>>> 173d10f (Let the random machine apply opt-outs by phone to later referrals)
        self.processed_events: list[dict[str, Any]] = []
        self.records: list[tuple[StreamSource, Record]] = []
        self.history: list[tuple[StreamSource, Record]] = []
        self.dropped_records: set[int] = set()
        self.delivered: list[tuple[str, Record]] = []
        # Called with the number of each record before it is in the stream.
        self.before_record: Callable[[int], object] = lambda _: None
        self.skipped_count = 0
        self._stream = aws.Stream()
        new_process()

<<<<<<< HEAD
=======
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
                    if payload["doctor"].get("phone") in self.declined_phones:
                        self.declined.setdefault(submission.doctor, self.interceptor.moment)
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
            self.declined_phones |= {phone} if phone else set()
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

>>>>>>> 173d10f (Let the random machine apply opt-outs by phone to later referrals)
    def request(self, function: str, event: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = self.invoke(function, event)
        except FunctionFailed:
            return None
        return answer

    # ---- Event sources -----------------------------------------------------------------------------------------------

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
                self.checks.note_event(event["detail"])
        return [event for number, event in enumerate(batch) if number in failed]

    def wake(self, after: timedelta = timedelta(0)) -> None:
        self.clock.time += after
        self.request("wake", {})

    def settle(self, settled_stages: Collection[Stage] = SETTLED) -> None:
        """Runs the simulation until every referral is at a stage where nothing happens for long."""
        for _ in range(MOST_ROUNDS):
            self.run_streams()
            self.deliver_events()
            due = [
                referral["due_at"]
                for referral in self.state.referrals()
                if not self._is_settled(referral, settled_stages)
            ]
            if due:
                self.clock.time = max(self.clock.time, datetime.fromisoformat(min(due)))
                self.wake()
            elif not self.records:
                return
        self.checks.broken.append("the simulation does not settle")

    def _is_settled(self, referral: dict[str, Any], settled_stages: Collection[Stage]) -> bool:
        stage = referral["stage"]
        if stage == Stage.CLOSED:
            return True
        due_at = datetime.fromisoformat(referral["due_at"])
        if stage != Stage.WAITING:
            # An overdue referral was missed, because a fault ended the last run of the schedule.
            return stage in settled_stages and due_at > self.clock.time
        if referral["reason"] == "joined" and self.state.stage(referral["leader"])[0] == Stage.CLOSED:
            return False  # It takes the place of its leader, or joins it.
        # Without an approval, the referral is checked every hour. Nothing else happens.
        patience = timedelta(0) if referral["reason"] == "not_approved" else timedelta(days=1)
        return due_at > self.clock.time + patience

    def _tick(self) -> None:
        self.clock.time += timedelta(milliseconds=10)

    def _on_effect(self, service: str, operation: str) -> None:
        if service == "dynamodb" and operation in WRITES:
            self.read_changes()

    def read_changes(self) -> None:
        """Reads the changes of the table."""
        with self.interceptor.unobserved():
            items = self.environment.engine.items(self.environment.client, self.environment.table)
        for item, old in self.state.update(items):
            self.checks.check_change(item, old, self.clock.time)
            self._record(item, old)

    def indexed(self) -> set[str]:
        """Receipts of all entries of the index `due`."""
        entries = self.environment.client.scan(TableName=self.environment.table, IndexName="due")["Items"]
        return {str(item["pk"]["S"]).removeprefix("referral#") for item in entries}

    def _record(self, image: Item, old: Item | None) -> None:
        record = self._stream.record(image, old)
        for source, matches in stream_sources():
            if matches(record):
                self.history.append((source, record))
                number = len(self.history) - 1
                self.before_record(number)
                if number not in self.dropped_records:
                    self.records.append((source, record))


@cache
def stream_sources() -> list[tuple[StreamSource, Any]]:
    """Stream sources of the template, each with a function that applies its filters."""

    def matcher(source: StreamSource) -> Any:
        patterns = [EventPattern.load(pattern) for pattern in source.filters]
        return lambda record: not patterns or any(pattern.matches_event(record) for pattern in patterns)

    return [(source, matcher(source)) for source in aws.template().sources if isinstance(source, StreamSource)]
