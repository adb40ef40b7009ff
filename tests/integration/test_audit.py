"""The audit log: written with each read and action, ordered by time, and printed for operators."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cli import stacks
from cli.app import main
from referral_intake.aws.audit_log import AuditRecord, AuditTable, audit_item
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.errors import Unavailable
from referral_intake.core.users import Role, User
from tests.integration import aws
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROBIN = User("9d2c1c9e-0000-4000-8000-000000000001", "robin", frozenset({Role.MANAGER}))
KIM = User("9d2c1c9e-0000-4000-8000-000000000002", "kim", frozenset({Role.VIEWER}))
RECEIPTS = ("AAAA-AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB-BBBB")
DAY = NOW.astimezone(UTC).date()


@pytest.fixture
def records(client: "DynamoDBClient", table: str) -> AuditTable:
    return AuditTable(client, table)


def test_the_records_of_a_day_are_read_in_order(records: AuditTable) -> None:
    records.record(KIM, "search", [], NOW + timedelta(seconds=2))
    records.record(ROBIN, "search", RECEIPTS, NOW)
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    records.record(ROBIN, "detail", RECEIPTS[:1], midnight - timedelta(milliseconds=1))
    records.record(ROBIN, "detail", RECEIPTS[:1], midnight + timedelta(days=1))
    assert list(records.of_day(DAY)) == [
        AuditRecord(NOW, ROBIN.sub, "robin", "search", RECEIPTS),
        AuditRecord(NOW + timedelta(seconds=2), KIM.sub, "kim", "search", ()),
    ]
    assert [one.what for one in records.of_day(DAY - timedelta(days=1))] == ["detail"]


def test_two_records_with_the_same_time_are_both_kept(records: AuditTable) -> None:
    for person in (ROBIN, KIM, ROBIN):
        records.record(person, "work", RECEIPTS, NOW)
    assert sorted(one.username for one in records.of_day(DAY)) == ["kim", "robin", "robin"]


def test_a_record_and_its_change_are_written_together_or_not_at_all(
    client: "DynamoDBClient", table: str, records: AuditTable
) -> None:
    record = {"Put": {"TableName": table, "Item": audit_item(ROBIN, "approve", RECEIPTS[:1], NOW)}}
    other = {"pk": {"S": "referral#X"}, "sk": {"S": "referral"}}
    there = {"ConditionCheck": {"TableName": table, "Key": other, "ConditionExpression": "attribute_exists(pk)"}}
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=[record, there])  # type: ignore[list-item]
    assert list(records.of_day(DAY)) == []
    client.put_item(TableName=table, Item=other)
    client.transact_write_items(TransactItems=[record, there])  # type: ignore[list-item]
    assert [(one.username, one.what, one.receipts) for one in records.of_day(DAY)] == [
        ("robin", "approve", RECEIPTS[:1])
    ]


def test_an_action_that_cannot_be_recorded_is_unavailable_for_any_error(client: "DynamoDBClient", table: str) -> None:
    with pytest.raises(Unavailable):
        AuditTable(client, f"{table}-that-is-not-there").record(ROBIN, "search", RECEIPTS, NOW)


def test_a_day_of_several_pages_is_read_completely(records: AuditTable) -> None:
    # A page ends after 1 MB.
    long = "x" * 300_000
    for second in range(5):
        records.record(ROBIN, long, RECEIPTS, NOW + timedelta(seconds=second))
    assert [one.at for one in records.of_day(DAY)] == [NOW + timedelta(seconds=second) for second in range(5)]


def test_a_record_is_not_listed_as_a_referral(client: "DynamoDBClient", table: str, records: AuditTable) -> None:
    referrals = ReferralTable(client, table)
    records.record(ROBIN, "search", RECEIPTS, NOW)
    assert referrals.due("lumen", NOW + timedelta(days=400), 10) == []
    (pk,) = aws.Look(client, table).items()
    assert pk == f"audit#{DAY}"


# ---- The command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def stack(client: "DynamoDBClient", table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = NOW - datetime.now(UTC)
    monkeypatch.setattr(stacks, "find", lambda name: stacks.Stack(name, {"TableName": table}, ahead))


def test_the_command_prints_a_day(records: AuditTable, stack: None, capsys: pytest.CaptureFixture[str]) -> None:
    records.record(ROBIN, "search", RECEIPTS, NOW)
    records.record(KIM, "summary off", [], NOW + timedelta(seconds=1))
    assert main(["audit", "--stack", "dev", "--day", DAY.isoformat()]) == 0
    first, second, total = capsys.readouterr().out.splitlines()
    assert first == f"{NOW:%H:%M:%S}  robin ({ROBIN.sub})  search  {' '.join(RECEIPTS)}"
    assert second.endswith("summary off  -")
    assert total == f"Recorded on {DAY}: 2."


def test_a_day_is_listed_as_json(records: AuditTable, stack: None, capsys: pytest.CaptureFixture[str]) -> None:
    records.record(ROBIN, "search", RECEIPTS, NOW)
    assert main(["audit", "--stack", "dev", "--day", DAY.isoformat(), "--json"]) == 0
    [record] = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(record.pop("at")) == NOW
    assert record == {"username": "robin", "sub": ROBIN.sub, "action": "search", "receipts": list(RECEIPTS)}


def test_the_default_day_is_today(records: AuditTable, stack: None, capsys: pytest.CaptureFixture[str]) -> None:
    records.record(ROBIN, "search", [], NOW)
    assert main(["audit", "--stack", "dev"]) == 0
    assert "Recorded on" in capsys.readouterr().out


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "#"])
def test_an_invalid_day_is_refused(stack: None, day: str) -> None:
    assert main(["audit", "--stack", "dev", "--day", day]) == 2


def test_a_record_holds_only_user_action_receipts_and_time() -> None:
    item = audit_item(ROBIN, "search", RECEIPTS, NOW)
    assert set(item) == {"pk", "sk", "at", "sub", "username", "what", "receipts"}
    assert "expires" not in item, "they stay"
    assert audit_item(ROBIN, "search", [], NOW)["sk"] != item["sk"]
