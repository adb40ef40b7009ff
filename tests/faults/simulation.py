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

# How often a person repeats a request whose response is an error.
MAX_ATTEMPTS = 3
# A referral whose leader may have been sent is checked every day, until it expires after 60 days.
MAX_ROUNDS = 80
MAX_RECEIVES = 5
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
        while waiting and receives < MAX_RECEIVES:
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
        for _ in range(MAX_ROUNDS):
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
