"""Measure what AWS bills for one referral in all its stages, and compute the cost of a month: `python -m bench.cost`.

bench/scenarios.py defines the scenarios of a referral, bench/meter.py measures the billed units of DynamoDB. The clock
is set, so the results do not depend on the time of the measurement.

The results are stored in bench/cost.json, and the tables of docs/cost.md are written with the prices in
bench/prices.py. `--tables` writes only the tables, for changes of the template or of prices. `--print` writes nothing.
The duration of Lambda invocations is an assumption, because it can be measured only in Lambda.
"""

import io
import json
import random
import secrets
import sys
import uuid
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from bench.cost_page import PAGE, Measured, average, by_month, fixed, written
from bench.meter import Bill, Meter
from bench.prices import Used
from bench.scenarios import SCENARIOS, ScenarioRunner, answered, working_day
from tests.engines import dynamodb_local
from tests.integration import aws
from tests.integration.conftest import set_fake_credentials
from tests.integration.handler_harness import HandlerHarness, handler_harness

START = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
"""A Monday in working hours. A test checks that other dates and working hours give the same bills."""


class LogRecorder(io.TextIOBase):
    """Receives the logs of the functions, and records their size in bytes and the metrics in them."""

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


def measure(start: datetime = START) -> tuple[dict[str, Bill], int]:
    """Return the bill of each scenario, starting at `start`, and the number of custom metrics."""
    log = LogRecorder()
    with pytest.MonkeyPatch.context() as patch, dynamodb_local.running() as url, mock_aws(), redirect_stdout(log):
        set_fake_credentials(patch)
        _fix_random_values(patch)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        meter = Meter()
        boto3.setup_default_session()
        meter.watch(boto3._get_default_session())
        client = boto3.client("dynamodb")
        aws.make_tables(client)
        with handler_harness(client, aws.make_secrets(), patch, start, tick=False) as harness:
            return _bills(ScenarioRunner(harness, meter), harness, log, start), len(log.metrics)


def _fix_random_values(patch: pytest.MonkeyPatch) -> None:
    """Make receipts and secrets the same in every measurement: they are in links, and so in the size of a message."""
    fixed = random.Random(0)
    patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=fixed.getrandbits(128), version=4))
    patch.setattr(secrets, "token_hex", lambda size: fixed.randbytes(size).hex())


def _bills(runner: ScenarioRunner, harness: HandlerHarness, log: LogRecorder, start: datetime) -> dict[str, Bill]:
    bills = {}
    # The first referral is not counted: it creates the counters, and later referrals join it.
    for name in ("first", "a minute", *SCENARIOS):
        harness.clock.move_to(working_day(days=1, at=start))
        before = log.bytes
        with runner.measuring() as bill:
            if name == "a minute":
                harness.wake()
            else:
                SCENARIOS.get(name, answered)(runner, harness, f"Doctor {name.title()}".replace(" ", ""))
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
    if "--print" not in words:
        measured.write()
        PAGE.write_text(written(PAGE.read_text("utf-8"), measured), "utf-8")
    _say(f"\nA referral on average: {average(measured.usage)}\n{fixed(measured)}\n")
    _say("\n".join(by_month(measured)))
    told = bills["reminded"].mails == 2 and bills["answered"].mails == 1
    return 0 if told else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
