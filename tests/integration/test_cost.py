"""docs/cost.md matches the measured values, the prices in bench/prices.py, and the resources of the template.

If a test fails: `python -m bench.cost` measures and writes the page, and `--tables` only writes it.
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
def remeasured() -> tuple[dict[str, Bill], int]:
    """Measured at another date and hour. Daylight saving time begins before the reminder."""
    at = datetime(2027, 3, 1, 20, 59, tzinfo=UTC)
    assert at != cost.START
    return cost.measure(at)


def test_the_page_matches_the_measurement_the_prices_and_the_template() -> None:
    assert cost_page.written(PAGE, Measured.read()) == PAGE
    [metrics] = re.findall(r"own metrics \((\d+);", PAGE)
    assert int(metrics) == Measured.read().metrics


def test_another_measurement_changes_the_page() -> None:
    recorded = Measured.read()
    dearer = {name: replace(one, writes=one.writes + 10) for name, one in recorded.usage.items()}
    assert cost_page.written(PAGE, replace(recorded, usage=dearer)) != PAGE
    assert cost_page.written(PAGE, replace(recorded, metrics=recorded.metrics + 1)) != PAGE


@pytest.mark.long
def test_a_measurement_at_another_date_and_hour_gives_the_same_usage(remeasured: tuple[dict[str, Bill], int]) -> None:
    """Excludes logs, which an earlier test in this process may have redirected."""
    bills, metrics = remeasured
    recorded = Measured.read()
    assert metrics == recorded.metrics
    assert bills.keys() == recorded.usage.keys()
    for name, bill in bills.items():
        assert replace(cost.used(bill), log_bytes=0) == replace(recorded.usage[name], log_bytes=0), name


@pytest.mark.long
def test_a_fact_after_midnight_costs_two_more_write_units(remeasured: tuple[dict[str, Bill], int]) -> None:
    """An open, a click and an answer also change a counter of the day of submission."""
    bills, _ = remeasured
    assert bills["next day"].writes - bills["answered"].writes == 3 * 2


def test_an_item_of_a_transaction_is_billed_twice_and_its_index_once(
    fake_credentials: None, monkeypatch: pytest.MonkeyPatch
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
