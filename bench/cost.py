"""What one referral costs over its whole life, in what AWS bills, and a month by it: `python -m bench.cost`.

Four lives, each through the functions' own doors as Lambda opens them, on AWS's own DynamoDB Local with its stream and
the template's filters: submitted, written to, delivered, opened, clicked, answered; the same without an answer, with a
reminder; one that joins another; one by letter. Read and write units are what DynamoDB says it consumed
(ReturnConsumedCapacity, indexes included); runs are counted one for each batch of one, as few referrals make them: with
many, batches save some.

It then keeps the bills in bench/cost.json and writes docs/cost.md's tables by bench/prices.py. `--tables` writes the
tables alone, where only the template or a price has changed. How long Lambda runs is assumed, not measured: no machine
but its own says that.
"""

import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import boto3
import pytest
import time_machine
from moto import mock_aws

from bench.cost_page import PAGE, Measured, average, by_month, fixed, written
from bench.prices import Used
from local.model import StreamSource
from local.streams import as_delivered, filtering
from tests.engines import dynamodb_local
from tests.integration import aws
from tests.integration.conftest import forget_account
from tests.integration.life import DOCTOR, Life, living
from tests.support import events

READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}


@dataclass(slots=True)
class Bill:
    """What one life used. `runs` is by function; `requests` are those of the HTTP API."""

    writes: float = 0
    reads: float = 0
    mails: int = 0
    events: int = 0
    requests: int = 0
    log_bytes: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    by_operation: Counter[str] = field(default_factory=Counter)


class Meter:
    """Asks every DynamoDB call of this process what it consumed, and adds it up."""

    def __init__(self) -> None:
        self.bill = Bill()

    def watch(self, session: boto3.Session) -> None:
        # What this handler returns goes in place of the parameters, which its type does not say.
        session.events.register("provide-client-params.dynamodb", self._ask)  # type: ignore[arg-type]
        session.events.register("after-call.dynamodb", self._add)

    def _ask(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any] | None:
        takes = "ReturnConsumedCapacity" in model.input_shape.members
        return {**params, "ReturnConsumedCapacity": "TOTAL"} if takes else None

    def _add(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        said = parsed.get("ConsumedCapacity", [])
        for one in said if isinstance(said, list) else [said]:
            units = one["CapacityUnits"]
            if model.name in READS:
                self.bill.reads += units
            else:
                # Of a transaction's parts, conditions on what is only looked at are writes too.
                self.bill.writes += units
            self.bill.by_operation[model.name] += units


class Lives:
    """Lives, and the stream that carries them from one function to the next."""

    def __init__(self, life: Life, meter: Meter) -> None:
        self._life, self._meter = life, meter
        self._streams = boto3.client("dynamodbstreams", endpoint_url=os.environ["AWS_ENDPOINT_URL_DYNAMODB"])
        self._iterators: dict[str, str] = {}
        invoke = life.invoke
        life.invoke = lambda function, event: self._counted(invoke, function, event)  # type: ignore[method-assign]

    def _counted(self, invoke: Any, function: str, event: dict[str, Any]) -> Any:
        self._meter.bill.runs[function] += 1
        if function in {"intake", "links", "lookup"}:
            self._meter.bill.requests += 1
        if function == "feedback":
            self._meter.bill.events += 1
        return invoke(function, event)

    @contextmanager
    def one(self) -> Iterator[Bill]:
        """What happens inside is billed, until the stream is empty."""
        self.flow()
        self._meter.bill = Bill()
        before = len(self._life.mail.sent)
        yield self._meter.bill
        self.flow()
        self._meter.bill.mails = len(self._life.mail.sent) - before

    def flow(self) -> None:
        """Gives every record of the stream to the functions that the template's filters let have it."""
        while records := self._records():
            for source in self._sources:
                for record in filter(filtering(source.filters), records):
                    self._life.invoke(_door(source), {"Records": [record]})

    @cached_property
    def _sources(self) -> list[StreamSource]:
        return [one for one in aws.template().sources if isinstance(one, StreamSource)]

    def _records(self) -> list[Any]:
        arn = self._life.client.describe_table(TableName=self._life.table)["Table"]["LatestStreamArn"]
        shards = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found: list[Any] = []
        for shard in (one["ShardId"] for one in shards):
            where: Any = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
            start = self._iterators.get(shard) or self._streams.get_shard_iterator(**where)["ShardIterator"]
            answer = self._streams.get_records(ShardIterator=start)
            self._iterators[shard] = answer.get("NextShardIterator", start)
            found += [as_delivered(record, arn) for record in answer["Records"]]
        return found


def _door(source: StreamSource) -> str:
    return aws.template().functions[source.function].short_name


# ---- Four lives ------------------------------------------------------------------------------------------------------


def answered(lives: Lives, life: Life, name: str) -> None:
    """The page asks for a challenge; the doctor opens, clicks and answers."""
    receipt = _written_to(lives, life, name)
    for kind, seconds in (("Open", 90), ("Click", 120)):
        life.tell(kind, receipt, seconds)
        lives.flow()
    life.follow("/api/answer", answer="call")


def reminded(lives: Lives, life: Life, name: str) -> None:
    """The doctor opens and does nothing; two weeks later the reminder goes out, and one day it expires."""
    receipt = _written_to(lives, life, name)
    life.tell("Open", receipt, 90)
    lives.flow()
    with time_machine.travel(_a_morning_after(timedelta(days=15))):
        life.wake()
        lives.flow()
    for kind, seconds in (("Send", 200), ("Delivery", 202)):
        life.tell(kind, receipt, seconds)
        lives.flow()


def _a_morning_after(time: timedelta) -> datetime:
    """When reminders may go out: a weekday, within working hours."""
    at = (datetime.now(UTC) + time).replace(hour=17, minute=0)
    while at.weekday() > 3:
        at += timedelta(days=1)
    return at


def joining(lives: Lives, life: Life, name: str) -> None:
    _challenge(life)
    life.submit(doctor={"name": f"First {name}", "email": "doctorfirst@clinic.example"})
    lives.flow()


def by_letter(lives: Lives, life: Life, name: str) -> None:
    _challenge(life)
    life.submit(doctor={key: DOCTOR[key] for key in ("name", "phone", "address")} | {"name": name})
    lives.flow()


def _written_to(lives: Lives, life: Life, name: str) -> str:
    _challenge(life)
    receipt = life.submit(doctor={**DOCTOR, "name": name, "email": f"{name.lower()}@clinic.example", "npi": None})
    lives.flow()
    for kind, seconds in (("Send", 0), ("Delivery", 2)):
        life.tell(kind, receipt, seconds)
        lives.flow()
    return receipt


def _challenge(life: Life) -> None:
    life.invoke("intake", events.get_challenge("binding"))


LIVES = {"answered": answered, "reminded": reminded, "joining": joining, "by letter": by_letter}


class Counted(io.TextIOBase):
    """Takes what the functions log, and keeps how much it was and which metrics are in it."""

    def __init__(self) -> None:
        self.bytes = 0
        self.metrics: set[str] = set()

    def write(self, text: str) -> int:
        self.bytes += len(text.encode())
        for line in filter(str.strip, text.splitlines()):
            self._note(line)
        return len(text)

    def _note(self, line: str) -> None:
        with suppress(ValueError):
            for told in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", []):
                values = json.loads(line)
                for metric in told["Metrics"]:
                    places = ("/".join(str(values.get(name)) for name in names) for names in told["Dimensions"])
                    self.metrics |= {f"{metric['Name']} {place}" for place in places}


def measure() -> tuple[dict[str, Bill], int]:
    """What each life used, and how many metrics of ours there were."""
    log = Counted()
    with pytest.MonkeyPatch.context() as patch, dynamodb_local.running() as url, mock_aws(), redirect_stdout(log):
        forget_account(patch)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        meter = Meter()
        boto3.setup_default_session()
        meter.watch(boto3._get_default_session())
        client = boto3.client("dynamodb")
        table = aws.make_table(client)
        aws.make_table(client, "StatsTable", aws.stats_name(table))
        with living(client, aws.make_secrets(), patch) as life:
            return _bills(Lives(life, meter), life, log), len(log.metrics)


def _bills(lives: Lives, life: Life, log: Counted) -> dict[str, Bill]:
    bills = {}
    # The first of all: whom the others join, and counters that are not there yet.
    for name in ("first", "a minute", *LIVES):
        before = log.bytes
        with lives.one() as bill:
            if name == "a minute":
                life.wake()
            else:
                LIVES.get(name, answered)(lives, life, f"Doctor{name.split()[-1].title()}")
        bill.log_bytes = log.bytes - before
        bills[name] = bill
    del bills["first"]
    return bills


def used(bill: Bill) -> Used:
    return Used(bill.writes, bill.reads, bill.runs.total(), bill.requests, bill.mails, bill.events, bill.log_bytes)


def main(words: Sequence[str] = ()) -> int:
    if "--tables" in words:
        PAGE.write_text(written(PAGE.read_text("utf-8"), Measured.read()), "utf-8")
        return 0
    bills, metrics = measure()
    _say("                writes  reads  runs  requests  mails  events  log bytes")
    for name, bill in bills.items():
        one = used(bill)
        _say(
            f"{name:14} {one.writes:7.1f} {one.reads:6.1f} {one.runs:5.0f} {one.requests:9.0f} {one.mails:6.0f}"
            f" {one.queued:7.0f} {one.log_bytes:10.0f}   {dict(bill.by_operation)}"
        )
    measured = Measured({name: used(bill) for name, bill in bills.items()}, metrics)
    measured.keep()
    PAGE.write_text(written(PAGE.read_text("utf-8"), measured), "utf-8")
    _say(f"\nA referral on average: {average(measured.lives)}\n{fixed(measured)}\n")
    _say("\n".join(by_month(measured)))
    told = bills["reminded"].mails == 2 and bills["answered"].mails == 1
    return 0 if told else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
