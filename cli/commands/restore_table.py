"""`restore-table`: restore the deleted table of a stack under its old name."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3

from cli import options, stacks
from cli.errors import CommandError
from cli.stacks import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# DynamoDB makes such a backup of each table that is deleted while it has point-in-time recovery.
_SUFFIX = "$DeletedTableBackup"
_STREAM = "NEW_AND_OLD_IMAGES"
_POLL_SECONDS = 10.0


def command(stack: options.Stack = None) -> int:
    """Restore the deleted table of a stack under its old name, as it was when it was deleted.

    Sets again what a backup lacks: the stream, expiry, point-in-time recovery, deletion protection and tags. You can
    stop the command and run it again. If the table exists, only sets what it lacks.

    The event sources of the functions still read the old stream. For the steps that follow, see "A deleted table" in
    docs/recovery.md.
    """
    target = stacks.select(stack)
    table = DeletedTable(target.dynamodb, target.output("TableName"), target.parameters)
    table.restore()
    stream = table.set_up(_tags(target))
    print(f'The table is restored. In samconfig.toml, add to parameter_overrides: "TableStream={stream}"')
    print("Then run make deploy, so that the functions read the new stream.")
    return 0


class DeletedTable:
    """`parameters` are those of the stack. `sleep` waits between two looks at the table."""

    def __init__(
        self, client: "DynamoDBClient", name: str, parameters: Any, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._name, self._sleep = client, name, sleep
        self._key = parameters.get("KeyArn", "")
        self._is_protected = parameters.get("DeletionProtection", "true") == "true"

    def restore(self) -> None:
        """Restore the table, unless it exists, and wait until it can be used. Raise CommandError without a backup."""
        if self._description() is None:
            print(f"Restoring {self._name} ...", flush=True)
            encryption: Any = {"Enabled": True, "SSEType": "KMS"} | ({"KMSMasterKeyId": self._key} if self._key else {})
            self._client.restore_table_from_backup(
                TargetTableName=self._name, BackupArn=self._backup(), SSESpecificationOverride=encryption
            )
        self._wait()

    def set_up(self, tags: dict[str, str]) -> str:
        """Set what a backup lacks, and return the ARN of the stream."""
        table = self._wait()
        if table.get("StreamSpecification", {}).get("StreamViewType") != _STREAM:
            stream: Any = {"StreamEnabled": True, "StreamViewType": _STREAM}
            self._client.update_table(TableName=self._name, StreamSpecification=stream)
            table = self._wait()
        if table.get("DeletionProtectionEnabled", False) is not self._is_protected:
            self._client.update_table(TableName=self._name, DeletionProtectionEnabled=self._is_protected)
            table = self._wait()
        self._set_expiry()
        recovery: Any = {"PointInTimeRecoveryEnabled": True}
        self._client.update_continuous_backups(TableName=self._name, PointInTimeRecoverySpecification=recovery)
        named: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
        if named:
            self._client.tag_resource(ResourceArn=table["TableArn"], Tags=named)
        return str(table["LatestStreamArn"])

    def _set_expiry(self) -> None:
        # DynamoDB refuses the call if the setting would not change.
        found = self._client.describe_time_to_live(TableName=self._name)["TimeToLiveDescription"]
        if found.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}:
            return
        expiry: Any = {"Enabled": True, "AttributeName": "expires"}
        self._client.update_time_to_live(TableName=self._name, TimeToLiveSpecification=expiry)

    def _backup(self) -> str:
        """Return the ARN of the latest backup that DynamoDB made when the table was deleted."""
        pages = self._client.get_paginator("list_backups").paginate(TableName=self._name, BackupType="SYSTEM")
        found = [one for page in pages for one in page["BackupSummaries"] if one["BackupName"].endswith(_SUFFIX)]
        if not found:
            raise CommandError(f"DynamoDB has no backup of the deleted table {self._name}. It keeps one for 35 days.")
        return max(found, key=lambda one: one["BackupCreationDateTime"])["BackupArn"]

    def _description(self) -> Any:
        try:
            return self._client.describe_table(TableName=self._name)["Table"]
        except self._client.exceptions.ResourceNotFoundException:
            return None

    def _wait(self) -> Any:
        """Wait until the table and its indexes are active, and return its description."""
        while (found := self._description()) and found["TableStatus"] != "ACTIVE":
            self._sleep(_POLL_SECONDS)
        return found


def _tags(stack: Stack) -> dict[str, str]:
    """Return the tags that samconfig.toml gives to the resources of the stack."""
    [found] = boto3.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
