"""Run scenarios of one referral through the real handlers: answered, reminded, joined, by letter.

Records of DynamoDB Local's stream are passed to the functions whose filters in the template match. Each record is a
batch of its own, as with few referrals. With many referrals, larger batches reduce the number of invocations.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

import boto3

from bench.meter import Bill, Meter
from samlocal.events.streams import as_delivered, filtering
from samlocal.template.model import StreamSource
from tests.integration import aws
from tests.integration.handler_harness import DOCTOR, HandlerHarness
from tests.support import events


class ScenarioRunner:
    """Runs one scenario after another and measures the bill of each."""

    def __init__(self, harness: HandlerHarness, meter: Meter) -> None:
        self._harness, self._meter = harness, meter
        self._streams = boto3.client("dynamodbstreams", endpoint_url=os.environ["AWS_ENDPOINT_URL_DYNAMODB"])
        self._iterators: dict[str, str] = {}
        invoke = harness.invoke
        harness.invoke = lambda function, event: self._counted(invoke, function, event)  # type: ignore[method-assign]
        self._send = harness.mail.send_email
        harness.mail.send_email = self._send_slowly  # type: ignore[method-assign]

    def _send_slowly(self, **asked: Any) -> dict[str, str]:
        """Advance the clock after sending, because the time of a message in SES is before the function's response."""
        answer = self._send(**asked)
        self._harness.clock.shift(0.2)
        return answer

    def _counted(self, invoke: Any, function: str, event: dict[str, Any]) -> Any:
        self._meter.bill.runs[function] += 1
        if function in {"intake", "links", "lookup"}:
            self._meter.bill.requests += 1
        if function == "feedback":
            self._meter.bill.events += 1
        return invoke(function, event)

    @contextmanager
    def measuring(self) -> Iterator[Bill]:
        """Yield the bill for the operations in the context. It ends when the stream is empty."""
        self.drain_streams()
        self._meter.bill = Bill()
        before = len(self._harness.mail.sent)
        yield self._meter.bill
        self.drain_streams()
        self._meter.bill.mails = len(self._harness.mail.sent) - before

    def drain_streams(self) -> None:
        """Pass all records of the stream to the functions whose filters match, until the stream is empty."""
        while records := self._records():
            for source in self._sources:
                for record in filter(filtering(source.filters), records):
                    self._harness.invoke(_function_name(source), {"Records": [record]})

    @cached_property
    def _sources(self) -> list[StreamSource]:
        return [one for one in aws.template().sources if isinstance(one, StreamSource)]

    def _records(self) -> list[Any]:
        arn = self._harness.client.describe_table(TableName=self._harness.table)["Table"]["LatestStreamArn"]
        shards = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found: list[Any] = []
        for shard in (one["ShardId"] for one in shards):
            where: Any = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
            start = self._iterators.get(shard) or self._streams.get_shard_iterator(**where)["ShardIterator"]
            try:
                answer = self._streams.get_records(ShardIterator=start)
            except self._streams.exceptions.TrimmedDataAccessException:
                # DynamoDB Local rejects the first iterator of a shard if another table was written to before this one.
                start = self._streams.get_shard_iterator(**where)["ShardIterator"]
                answer = self._streams.get_records(ShardIterator=start)
            self._iterators[shard] = answer.get("NextShardIterator", start)
            found += [as_delivered(record, arn) for record in answer["Records"]]
        return found


def _function_name(source: StreamSource) -> str:
    return aws.template().functions[source.function].short_name


# ---- Kinds of referrals ----------------------------------------------------------------------------------------------


def answered(
    runner: ScenarioRunner, harness: HandlerHarness, name: str, *, reads: bool = True, wait: float = 0, **doctor: Any
) -> None:
    """Request a challenge and submit; `wait` seconds after the delivery, open the message, click and answer."""
    receipt = _submit_and_deliver(runner, harness, name, **doctor)
    harness.clock.shift(wait)
    for kind in ("Open", "Click") if reads else ():
        _report_event(runner, harness, kind, receipt)
    harness.follow_link("/api/answer", answer="call")


def reminded(runner: ScenarioRunner, harness: HandlerHarness, name: str) -> None:
    """Open the message without an answer, and send the reminder two weeks later."""
    receipt = _submit_and_deliver(runner, harness, name)
    _report_event(runner, harness, "Open", receipt)
    harness.clock.move_to(working_day(days=15, at=datetime.now(UTC)))
    harness.wake()
    runner.drain_streams()
    for kind in ("Send", "Delivery"):
        _report_event(runner, harness, kind, receipt)


def at_night(runner: ScenarioRunner, harness: HandlerHarness, name: str) -> None:
    """Submit at night, after 1:00 in the doctor's time zone, and answer."""
    harness.clock.move_to(datetime.now(UTC).replace(hour=7) + timedelta(days=1))
    answered(runner, harness, name)


def working_day(days: int, at: datetime) -> datetime:
    """Return the time of day of `at`, `days` days from now, or on the next Monday if that is on a weekend."""
    day = datetime.now(UTC) + timedelta(days=days)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day.date(), at.timetz())


def joining(runner: ScenarioRunner, harness: HandlerHarness, name: str) -> None:
    _get_challenges(harness)
    harness.submit(doctor={"name": f"First {name}", "email": "doctorfirst@clinic.example"})
    runner.drain_streams()


def by_letter(runner: ScenarioRunner, harness: HandlerHarness, name: str) -> None:
    _get_challenges(harness)
    harness.submit(doctor={key: DOCTOR[key] for key in ("name", "phone", "address")} | {"name": name})
    runner.drain_streams()


def _submit_and_deliver(runner: ScenarioRunner, harness: HandlerHarness, name: str, **doctor: Any) -> str:
    _get_challenges(harness)
    email = f"{name.lower()}@clinic.example"
    receipt = harness.submit(doctor={**DOCTOR, "name": name, "email": email, "npi": None, **doctor})
    runner.drain_streams()
    for kind in ("Send", "Delivery"):
        _report_event(runner, harness, kind, receipt)
    return receipt


def _report_event(runner: ScenarioRunner, harness: HandlerHarness, kind: str, receipt: str) -> None:
    """Report an event of SES, one minute after the previous one."""
    harness.clock.shift(60)
    harness.deliver_ses_event(kind, receipt)
    runner.drain_streams()


def _get_challenges(harness: HandlerHarness) -> None:
    """The page requests one when the form is begun, and one to check the network before the form is sent."""
    harness.clock.shift(60)
    for _ in range(2):
        harness.invoke("intake", events.get_challenge("binding"))


DAY = 24 * 3600
SCENARIOS: dict[str, Callable[[ScenarioRunner, HandlerHarness, str], None]] = {
    "answered": answered,
    "joining": joining,
    "by letter": by_letter,
    "without opening": partial(answered, reads=False),
    "by email alone": partial(answered, phone=None, address={}),
    "with NPI": partial(answered, npi=DOCTOR["npi"]),
    "next day": partial(answered, wait=DAY),
    "by night": at_night,
    "reminded": reminded,
}
