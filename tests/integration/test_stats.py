"""Counters in DynamoDB: counted by the handler of the stream, read for the dashboard, and recounted."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cli.app import main
from referral_intake.aws import dynamodb
from referral_intake.aws.item_format import Item, referral_key, timestamp, to_item, typed
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.stats_items import key, tally_key
from referral_intake.aws.stats_table import StatsTable
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral, Stage, close
from referral_intake.core.smoke_test import campaign_of
from referral_intake.stats import handler
from referral_intake.stats import wiring as stats_wiring
from referral_intake.stats.counting_table import CountingTable
from tests.engines import dynamodb_local
from tests.integration import aws
from tests.integration.conftest import moto_account
from tests.support import samples
from tests.support.samples import NOW
from tests.support.stats import counters, delivered, history, recount

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

DAY = NOW.date()
STACK = "referral-intake-dev"


def items(client: "DynamoDBClient", table: str) -> list[Item]:
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


# ---- On both engines -------------------------------------------------------------------------------------------------


@pytest.fixture(params=[pytest.param("moto", marks=pytest.mark.long), "DynamoDB Local"])
def engine(request: pytest.FixtureRequest, fake_credentials: None) -> "Iterator[DynamoDBClient]":
    if request.param == "moto":
        with moto_account():
            yield dynamodb.client()
    else:
        yield boto3.client("dynamodb", endpoint_url=dynamodb_local.shared())


# moto counts capacity units differently and is slow with large transactions.
on_dynamodb_local = pytest.mark.parametrize("engine", ["DynamoDB Local"], indirect=True)


@pytest.fixture
def counted(engine: "DynamoDBClient") -> str:
    return aws.make_table(engine, "StatsTable", f"stats-{uuid.uuid4().hex[:8]}")


def test_records_lost_repeated_and_out_of_order_equal_a_recount(engine: "DynamoDBClient", counted: str) -> None:
    random = Random(7)
    histories = [history(random, random.randint(1, 12)) for _ in range(12)]
    counting = CountingTable(engine, counted)
    for batch in delivered(random, histories):
        counting.count(batch)
    assert counters(items(engine, counted)) == recount(one[-1] for one in histories)


@on_dynamodb_local
@pytest.mark.long
def test_a_hundred_referrals_without_common_counters_are_counted(engine: "DynamoDBClient", counted: str) -> None:
    random = Random(8)
    wild = [history(random, 25)[-1] for _ in range(100)]
    assert CountingTable(engine, counted).count(wild) == 100
    assert counters(items(engine, counted)) == recount(wild)


@on_dynamodb_local
def test_an_overview_costs_half_a_unit_per_item_of_any_size(engine: "DynamoDBClient", counted: str) -> None:
    stats, counting = StatsTable(engine, counted), CountingTable(engine, counted)
    every_day = [referral(day, sent=1, delivered=2, opened=3) for day in range(-7, 7)]
    counting.count(every_day)
    _, of_few = stats.overview("lumen", DAY, DAY + timedelta(days=6))
    # Two periods of seven days with three items per day, and the current stages.
    assert of_few == (2 * 7 * 3 + 1) / 2
    for hours in range(6):
        counting.count([referral(day, sent=1, delivered=2 + hours, opened=4 + hours**2) for day in range(-7, 7)])
    _, of_many = stats.overview("lumen", DAY, DAY + timedelta(days=6))
    assert of_many == of_few


# ---- The overview ----------------------------------------------------------------------------------------------------


@pytest.fixture
def stats(client: "DynamoDBClient", stats_table: str) -> StatsTable:
    return StatsTable(client, stats_table)


def referral(day: int, stage: Stage = Stage.SENT, state: str = "IL", **hours: float) -> Referral:
    """A referral submitted this many days after DAY, with events this many hours later."""
    submitted = NOW + timedelta(days=day)
    facts = {name: submitted + timedelta(hours=after) for name, after in hours.items()}
    unsent = samples.referral(address={"state": state})
    return replace(unsent, stage=stage, milestones={"submitted": submitted, **facts})


def test_the_overview_covers_the_range_and_the_range_before_it(
    client: "DynamoDBClient", stats_table: str, stats: StatsTable
) -> None:
    answered = replace(referral(1, Stage.CLOSED, sent=1, delivered=2, opened=26, answered=97), answer=Answer.CALL)
    CountingTable(client, stats_table).count(
        [
            replace(answered, reason="answered"),
            referral(2, sent=2, delivered=3, scanned=3),
            referral(3, Stage.HELD),
            referral(-2, sent=1, delivered=2),
            referral(-9, sent=1),
        ]
    )
    overview, _ = stats.overview("lumen", DAY, DAY + timedelta(days=6))

    assert [(rung.name, rung.count) for rung in overview.period.funnel] == [
        ("submitted", 3),
        ("sent", 2),
        ("delivered", 2),
        ("engaged", 1),
        ("answered", 1),
    ]
    assert [rung.count for rung in overview.before.funnel] == [1, 1, 1, 0, 0]
    assert overview.stages == {"sent": 3, "held": 1}
    assert overview.period.answers == {"call": 1}
    assert overview.period.closings == {"answered": 1}
    assert overview.period.rate("bounced") == 0
    assert [day.facts.get("submitted", 0) for day in overview.days] == [0, 1, 1, 1, 0, 0, 0]
    assert overview.days[5].facts["answered"] == 1
    median = overview.period.medians["sent_to_answered"]
    assert median is not None
    assert abs(median - timedelta(hours=96)) < timedelta(hours=96) * 0.05
    assert overview.before.medians["sent_to_answered"] is None


def test_each_campaign_has_its_own_overview(client: "DynamoDBClient", stats_table: str, stats: StatsTable) -> None:
    CountingTable(client, stats_table).count([referral(0), replace(referral(0), campaign="moon")])
    assert stats.overview("moon", DAY, DAY)[0].period.facts == {"submitted": 1}


def test_a_breakdown_has_the_events_by_value(client: "DynamoDBClient", stats_table: str, stats: StatsTable) -> None:
    CountingTable(client, stats_table).count(
        [referral(0), referral(1, state="CA", sent=1), referral(1, state="CA"), referral(9, state="CA")]
    )
    found, _ = stats.breakdown("lumen", "state", DAY, DAY + timedelta(days=6))
    assert found == {"IL": {"submitted": 1}, "CA": {"submitted": 2, "sent": 1}}
    with pytest.raises(ValueError, match="doctor"):
        stats.breakdown("lumen", "doctor", DAY, DAY)


# ---- Handler of the stream -------------------------------------------------------------------------------------------


@pytest.fixture
def handled(client: "DynamoDBClient", stats_table: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STATS_TABLE_NAME", stats_table)
    stats_wiring.parts.cache_clear()
    yield
    stats_wiring.parts.cache_clear()


def deliver(*images: Item) -> list[str]:
    """Returns the sequence numbers of records to retry."""
    stream = aws.Stream()
    answer = handler.handler({"Records": [stream.record(image) for image in images]}, aws.LambdaContext("stats"))  # type: ignore[arg-type]
    return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(str(handler.logger.registered_formatter.format(record))) for record in caplog.records]


def test_a_batch_is_counted_with_one_read_and_one_transaction(
    handled: None, client: "DynamoDBClient", stats_table: str, caplog: pytest.LogCaptureFixture
) -> None:
    request_counter = aws.RequestCounter(stats_wiring.parts()._table._client)
    referrals = [aws.submitted() for _ in range(20)]
    assert deliver(*map(to_item, referrals)) == []
    assert request_counter.by_operation == {"BatchGetItem": 1, "TransactWriteItems": 1}
    assert counters(items(client, stats_table)) == recount(referrals)
    assert [(line["message"], line["records"], line["changed"]) for line in logged(caplog)] == [
        ("referrals counted", 20, 20)
    ]


def test_an_unreadable_record_does_not_keep_others_from_being_counted(
    handled: None, client: "DynamoDBClient", stats_table: str, caplog: pytest.LogCaptureFixture
) -> None:
    referrals = [aws.submitted() for _ in range(3)]
    first, broken, last = map(to_item, referrals)
    del broken["milestones"]
    # Lambda retries all records from there on. The last one is skipped then.
    assert deliver(first, broken, last) == [f"{2:021d}"]
    assert counters(items(client, stats_table)) == recount([referrals[0], referrals[2]])
    assert logged(caplog)[0]["referral"] == referrals[1].receipt
    assert "lopez" not in str(logged(caplog)).casefold()


def test_records_written_by_the_other_functions_are_counted(
    handled: None, client: "DynamoDBClient", table: str, stats_table: str, table_reader: aws.TableReader
) -> None:
    referrals = ReferralTable(client, table)
    answered, expired = aws.submitted(), aws.submitted()
    for one in (answered, expired):
        referrals.add(one)
    referrals.answer(answered.receipt, Answer.INFORMATION, NOW + timedelta(days=1))
    referrals.move(expired, close(Closing.EXPIRED, at=NOW + timedelta(days=60)))
    deliver(table_reader.image(answered), table_reader.image(expired))
    found = {(c.day, c.fact) for c in counters(items(client, stats_table)) if c.dimension == "total"}
    assert found == {
        (DAY, "submitted"),
        (DAY + timedelta(days=1), "answered"),
        (DAY + timedelta(days=1), "engaged"),
        (DAY + timedelta(days=1), "answer/information"),
        (DAY + timedelta(days=1), "closed/answered"),
        (DAY + timedelta(days=60), "closed/expired"),
    }


# ---- The recount -----------------------------------------------------------------------------------------------------


class Deployment:
    """A deployed stack with referrals that are all counted."""

    def __init__(self, client: "DynamoDBClient", table: str, stats_table: str) -> None:
        self.client, self.table, self.stats_table = client, table, stats_table
        self.sqs: SQSClient = boto3.client("sqs")
        self.failures = self.sqs.create_queue(QueueName="StatsFailures")["QueueUrl"]
        outputs = {"TableName": table, "StatsTableName": stats_table, "StatsFailuresUrl": self.failures}
        body = {
            "Resources": {"Any": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(body))
        self.referrals = [aws.submitted(NOW + timedelta(hours=number)) for number in range(30)]
        for one in self.referrals:
            client.put_item(TableName=table, Item=to_item(one))
        CountingTable(client, stats_table).count(self.referrals)

    def counters(self) -> dict[Any, int]:
        return counters(items(self.client, self.stats_table))

    def damage(self, place: tuple[str, str], name: str, amount: int) -> None:
        self.client.update_item(
            TableName=self.stats_table,
            Key=key(place),
            UpdateExpression="ADD #n :n",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":n": typed(amount)},
        )

    def lose(self, place: tuple[str, str]) -> None:
        self.client.delete_item(TableName=self.stats_table, Key=key(place))


@pytest.fixture
def deployment(client: "DynamoDBClient", table: str, stats_table: str, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    # Long polling is for servers that may not all respond. moto is a single server.
    monkeypatch.setattr("cli.failure_queues._WAIT_SECONDS", 0)
    return Deployment(client, table, stats_table)


def run(*words: str) -> int:
    return main(["recount", "--stack", STACK, *words])


def test_a_recount_of_complete_counters_shows_no_difference(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    before = items(deployment.client, deployment.stats_table)
    assert run() == 0
    assert capsys.readouterr().out == "30 referrals counted: no differences.\n"
    assert items(deployment.client, deployment.stats_table) == before


def test_a_recount_leaves_smoke_tests_out(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    tested = replace(aws.submitted(NOW), campaign=campaign_of("lumen"))
    deployment.client.put_item(TableName=deployment.table, Item=to_item(tested))
    before = items(deployment.client, deployment.stats_table)
    assert run() == run("--go") == 0
    assert capsys.readouterr().out.startswith("30 referrals counted: no differences.\n")
    assert items(deployment.client, deployment.stats_table) == before


def test_a_recount_shows_uncounted_referrals_and_the_option_go_counts_them(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = aws.submitted(NOW)
    deployment.client.put_item(TableName=deployment.table, Item=to_item(lost))
    assert run() == 1
    output = capsys.readouterr().out
    assert "lumen 2026-11-23 total submitted: stored 9, correct 10\n" in output
    assert "lumen now queued: stored 30, correct 31\n" in output
    assert "31 referrals counted: 7 differences.\n" in output

    assert run("--go") == 0
    output = capsys.readouterr().out
    assert output.startswith("31 referrals counted, 1 of them differently than before; no more counters corrected")
    assert run() == 0
    assert deployment.counters() == recount([*deployment.referrals, lost])


def test_a_damaged_or_lost_counter_is_restored_from_the_table(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.damage(("lumen#total", "2026-11-23"), "submitted", 5)
    deployment.damage(("lumen#state#0", "2026-11-23"), "none/answered", 2)
    deployment.lose(("lumen#language", "2026-11-24"))
    assert run() == 1
    assert "lumen 2026-11-23 total submitted: stored 14, correct 9\n" in capsys.readouterr().out
    assert run("--go") == 0
    assert "lumen 2026-11-24 language en submitted: stored 0, correct" in capsys.readouterr().out
    assert deployment.counters() == recount(deployment.referrals)
    assert run() == 0


def test_differences_are_listed_as_json(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    deployment.damage(("lumen#total", "2026-11-23"), "submitted", 5)
    count = {"campaign": "lumen", "dimension": "total", "value": "", "day": "2026-11-23", "fact": "submitted"}
    for words, code in (([], 1), (["--go"], 0)):
        assert run("--json", *words) == code
        output = json.loads(capsys.readouterr().out)
        assert output["differences"] == [{**count, "counted": 14, "actual": 9}]
        assert (output["referrals"], output["corrected"], output["unreadable"]) == (30, bool(words), [])
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["differences"] == []


def test_all_counters_can_be_rebuilt_from_the_table_alone(deployment: Deployment) -> None:
    for item in items(deployment.client, deployment.stats_table):
        deployment.client.delete_item(TableName=deployment.stats_table, Key={"pk": item["pk"], "sk": item["sk"]})
    assert run() == 1
    assert run("--go") == 0
    assert deployment.counters() == recount(deployment.referrals)


def test_failure_notices_are_deleted_once_all_referrals_are_counted(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.sqs.send_message(QueueUrl=deployment.failures, MessageBody="{}")
    assert run() == 0
    assert "Notices deleted" not in capsys.readouterr().out
    assert run("--go") == 0
    assert "Notices deleted: 1.\n" in capsys.readouterr().out


def test_erased_referrals_stay_counted(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    erased = deployment.referrals[0]
    deployment.client.delete_item(TableName=deployment.table, Key=referral_key(erased.receipt))
    for words in ([], ["--go"], []):
        assert run(*words) == 0
    assert "Erased referrals that stay counted: 1.\n" in capsys.readouterr().out
    assert deployment.counters() == recount(deployment.referrals)


def test_an_unreadable_referral_is_reported_and_does_not_block_the_others(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = deployment.referrals[0]
    deployment.client.update_item(
        TableName=deployment.table, Key=referral_key(broken.receipt), UpdateExpression="REMOVE milestones"
    )
    for words in ([], ["--go"]):
        assert run(*words) == 1
        captured = capsys.readouterr()
        assert f"{broken.receipt} can't be read." in captured.err
        assert "29 referrals counted" in captured.out
    assert deployment.counters() == recount(deployment.referrals)


def test_the_stream_continues_to_count_during_a_recount(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream counts another change just before each write of the recount."""
    deployment.damage(("lumen#total", "2026-11-23"), "submitted", 5)
    deployment.damage(("lumen#total", "2026-11-24"), "submitted", -3)
    # These were counted, but no item has them any more. The recount corrects this as well.
    for one in deployment.referrals[:3]:
        deployment.lose(tally_key(one.receipt))
    stream = CountingTable(deployment.client, deployment.stats_table)
    changed = {one.receipt: one for one in deployment.referrals}
    waiting = iter(deployment.referrals[10:14])
    actual = Table.update

    def count_concurrently(counters: Table, correction: Update) -> bool:
        if one := next(waiting, None):
            sent = {"sent": NOW + timedelta(hours=1), "delivered": NOW + timedelta(hours=30)}
            changed[one.receipt] = replace(one, revision=2, stage=Stage.SENT, milestones={**one.milestones, **sent})
            update = {
                ":r": typed(2),
                ":s": typed("sent"),
                ":a": typed(timestamp(sent["sent"])),
                ":b": typed(timestamp(sent["delivered"])),
            }
            deployment.client.update_item(
                TableName=deployment.table,
                Key=referral_key(one.receipt),
                UpdateExpression="SET revision = :r, stage = :s, milestones.sent = :a, milestones.delivered = :b",
                ExpressionAttributeValues=update,
            )
            stream.count([changed[one.receipt]])
        return actual(counters, correction)

    monkeypatch.setattr(Table, "update", count_concurrently)
    assert run("--go") == 0
    assert next(waiting, None) is None
    assert run() == 0
    monkeypatch.undo()
    assert deployment.counters() == recount(changed.values())


def test_without_the_stack_output_the_command_says_what_to_do(
    client: "DynamoDBClient", capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {"TableName": {"Value": "t"}, "StatsFailuresUrl": {"Value": "u"}}
    body = {"Resources": {"Any": {"Type": "AWS::SQS::Queue"}}, "Outputs": outputs}
    boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(body))
    assert run() == 1
    assert "has no output StatsTableName. Deploy the current version to it" in capsys.readouterr().err
