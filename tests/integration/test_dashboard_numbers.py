"""Figures of the dashboard through its handler, from counters made by the stream."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws.breaker_table import breaker_key
from referral_intake.dashboard.wiring import DashboardParts, DashboardSettings
from referral_intake.stats.counting_table import CountingTable
from tests.integration import aws
from tests.support.dashboard import VIEWER, FakeAccount, ask
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY = NOW.astimezone(UTC).date()
BEFORE = DAY - timedelta(days=1)


@pytest.fixture
def parts(table: str, stats_table: str, secret_names: dict[str, str]) -> DashboardParts:
    settings = DashboardSettings.read(aws.environment(table, secret_names, "DashboardFunction"))
    parts = DashboardParts(settings)
    parts.__dict__["ses_account"] = FakeAccount()
    return parts


def count(client: "DynamoDBClient", stats_table: str) -> None:
    sent = {"sent": NOW + timedelta(seconds=90), "delivered": NOW + timedelta(seconds=95)}
    first, second = aws.submitted(NOW, name="Ann Roe"), aws.submitted(NOW - timedelta(days=1), by="caregiver")
    CountingTable(client, stats_table).count([replace(first, milestones={**first.milestones, **sent}), second])


def test_the_dashboard_shows_the_counted_figures(
    client: "DynamoDBClient", stats_table: str, parts: DashboardParts
) -> None:
    count(client, stats_table)
    status, response = ask(parts, "GET", "/overview", query=f"campaign=lumen&from={DAY}&to={DAY}", groups=VIEWER)
    assert status == 200
    assert [(rung["name"], rung["count"]) for rung in response["period"]["funnel"][:3]] == [
        ("submitted", 1),
        ("sent", 1),
        ("delivered", 1),
    ]
    assert response["period"]["medians_seconds"]["submitted_to_sent"] == pytest.approx(90, rel=0.05)
    assert response["before"]["facts"] == {"submitted": 1}
    assert response["stages"] == {"queued": 2}
    assert response["read_units"] > 0

    _, response = ask(parts, "GET", "/breakdowns/source", query=f"campaign=lumen&from={BEFORE}&to={DAY}", groups=VIEWER)
    assert {one["value"]: one["facts"]["submitted"] for one in response["values"]} == {"caregiver": 1, "patient": 1}


def test_a_campaign_that_paused_itself_is_shown_as_paused(
    client: "DynamoDBClient", table: str, parts: DashboardParts
) -> None:
    query = "campaign=lumen"
    assert ask(parts, "GET", "/deliverability", query=query)[1]["breaker"]["is_open"] is False
    stopped = {"paused_at": {"S": "2026-11-22T08:00:00.000Z"}, "paused_for": {"S": "complaints"}}
    client.put_item(TableName=table, Item=breaker_key("lumen") | stopped)
    breaker = ask(parts, "GET", "/deliverability", query=query)[1]["breaker"]
    assert (breaker["is_open"], breaker["reason"], breaker["since"]) == (True, "complaints", "2026-11-22T08:00:00Z")


def test_a_table_that_does_not_respond_is_reported(parts: DashboardParts, client: "DynamoDBClient") -> None:
    def refuse(**_: object) -> None:
        error = {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}
        raise client.exceptions.ClientError(error, "BatchGetItem")  # type: ignore[arg-type]

    parts.table.meta.events.register("before-call.dynamodb", refuse)
    for path in ("/overview", "/breakdowns/state", "/deliverability"):
        status, problem = ask(parts, "GET", path, query=f"campaign=lumen&from={DAY}&to={DAY}")
        assert (status, problem["code"]) == (503, "unavailable")
