"""What docs/cost.md says is what was measured, at bench/prices.py's prices, with what the template has by now.

Where one of these fails: `python -m bench.cost` measures and writes the page; `--tables` writes it alone.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from bench import cost, cost_page
from bench.cost_page import Measured
from bench.meter import Bill, Meter
from tests.engines import dynamodb_local
from tests.integration import aws

PAGE = cost_page.PAGE.read_text("utf-8")


@pytest.fixture(scope="module")
def elsewhen() -> tuple[dict[str, Bill], int]:
    """Measured from another date and hour than the page's. Summer time begins before the reminder."""
    at = datetime(2027, 3, 1, 20, 59, tzinfo=UTC)
    assert at != cost.START
    return cost.measure(at)


def test_the_page_holds_what_was_measured_at_its_prices_with_the_templates_alarms_and_secrets() -> None:
    assert cost_page.written(PAGE, Measured.read()) == PAGE
    [metrics] = re.findall(r"own metrics \((\d+);", PAGE)
    assert int(metrics) == Measured.read().metrics


def test_another_measurement_would_make_another_page() -> None:
    kept = Measured.read()
    dearer = {name: replace(one, writes=one.writes + 10) for name, one in kept.lives.items()}
    assert cost_page.written(PAGE, replace(kept, lives=dearer)) != PAGE
    assert cost_page.written(PAGE, replace(kept, metrics=kept.metrics + 1)) != PAGE


def test_lives_use_what_was_measured_at_another_date_and_hour(elsewhen: tuple[dict[str, Bill], int]) -> None:
    """But for logs, which go elsewhere where another test has opened them before."""
    bills, metrics = elsewhen
    kept = Measured.read()
    assert metrics == kept.metrics
    assert bills.keys() == kept.lives.keys()
    for name, bill in bills.items():
        assert replace(cost.used(bill), log_bytes=0) == replace(kept.lives[name], log_bytes=0), name


def test_a_fact_after_midnight_costs_two_write_units_more(elsewhen: tuple[dict[str, Bill], int]) -> None:
    """An open, a click and an answer: each moves a counter of the day of the submission too."""
    bills, _ = elsewhen
    assert bills["next day"].writes - bills["answered"].writes == 3 * 2


def test_each_item_of_a_transaction_is_billed_twice_and_its_index_once(
    no_account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local.shared())
    meter, session = Meter(), boto3.Session()
    meter.watch(session)
    client = session.client("dynamodb")
    table = aws.make_table(client)
    stored = {"pk": {"S": "one"}, "sk": {"S": "of many"}}
    try:
        for index_keys, units in (({}, 2), ({"open_in": {"S": "star"}, "due_at": {"S": "2027"}}, 3)):
            puts: Any = [
                {"Put": {"TableName": table, "Item": stored | {"pk": {"S": f"{units} {number}"}} | index_keys}}
                for number in range(5)
            ]
            meter.bill = Bill()
            client.transact_write_items(TransactItems=puts)
            assert meter.bill.writes == 5 * units
    finally:
        for name in (table, f"{table}-copy"):
            client.delete_table(TableName=name)
