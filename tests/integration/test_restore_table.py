"""A deleted table is restored under its old name, with the settings of the template.

moto makes no backup of a deleted table, and DynamoDB Local has no backups, so the tests make the backup.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cli.checks import aws_queries, deployment
from cli.commands.restore_table import DeletedTable
from cli.errors import CommandError
from referral_intake.aws.item_format import to_item
from referral_intake.aws.referral_table import ReferralTable
from tests.support import samples

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.parametrize("engine", ["moto"], indirect=True)


@dataclass
class Deleted:
    client: "DynamoDBClient"
    name: str
    stream: str

    def table(self, **parameters: str) -> DeletedTable:
        return DeletedTable(self.client, self.name, parameters, sleep=lambda _: None)

    def described(self) -> Any:
        return self.client.describe_table(TableName=self.name)["Table"]


REFERRAL = samples.referral()


@pytest.fixture
def deleted(client: "DynamoDBClient", table: str) -> Deleted:
    client.put_item(TableName=table, Item=to_item(REFERRAL))
    stream = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    for name in ("mine", f"{table}$DeletedTableBackup"):
        client.create_backup(TableName=table, BackupName=name)
    client.update_table(TableName=table, DeletionProtectionEnabled=False)
    client.delete_table(TableName=table)
    return Deleted(client, table, stream)


def test_the_table_returns_with_its_items_indexes_and_settings(deleted: Deleted) -> None:
    table = deleted.table()
    table.restore()
    assert deployment.table(aws_queries.table(deleted.name), protected=True).level == "failure"
    stream = table.set_up({"product": "referral-intake"})
    assert deployment.table(aws_queries.table(deleted.name), protected=True).level == "ok"
    found = deleted.described()
    assert found["LatestStreamArn"] == stream != deleted.stream
    assert {one["IndexName"] for one in found["GlobalSecondaryIndexes"]} == {"due", "listed", "emails", "npis", "work"}
    tags = deleted.client.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
    assert {"Key": "product", "Value": "referral-intake"} in tags
    assert ReferralTable(deleted.client, deleted.name).get(REFERRAL.receipt) == REFERRAL


def test_until_the_event_sources_are_replaced_no_function_reads_the_new_stream(
    deleted: Deleted, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Lambda:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, EventSourceArn: str) -> list[Any]:  # noqa: N803  (as in boto3)
            asked.append(EventSourceArn)
            found = (
                [{"FunctionArn": "OutreachFunction", "State": "Enabled"}] if EventSourceArn == deleted.stream else []
            )
            return [{"EventSourceMappings": found}]

    clients = {"lambda": Lambda(), "dynamodb": deleted.client}
    monkeypatch.setattr(boto3, "client", lambda name, **_: clients[name])
    deleted.table().restore()
    stream = deleted.table().set_up({})
    assert aws_queries.stream_readers(deleted.name) == []
    assert asked == [stream]


def test_a_second_run_changes_nothing(deleted: Deleted) -> None:
    deleted.table().restore()
    stream = deleted.table().set_up({})
    deleted.table().restore()
    assert deleted.table().set_up({}) == stream


def test_an_unprotected_stack_stays_unprotected(deleted: Deleted) -> None:
    table = deleted.table(DeletionProtection="false")
    table.restore()
    table.set_up({})
    assert not deleted.described()["DeletionProtectionEnabled"]


def test_without_a_backup_the_command_says_so(deleted: Deleted) -> None:
    with pytest.raises(CommandError, match="no backup of the deleted table other"):
        DeletedTable(deleted.client, "other", {}).restore()


def test_the_restore_uses_the_key_of_the_stack(deleted: Deleted) -> None:
    sent: list[Any] = []
    events = deleted.client.meta.events
    events.register("provide-client-params.dynamodb.RestoreTableFromBackup", lambda params, **_: sent.append(params))
    deleted.table(KeyArn="arn:aws:kms:us-east-1:123456789012:key/1").restore()
    assert sent[0]["SSESpecificationOverride"]["KMSMasterKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/1"
    assert sent[0]["TargetTableName"] == deleted.name
