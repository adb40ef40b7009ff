"""Create the tables of the template, and check that the engine has what they need."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from samlocal.template.model import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import ConditionCheckTypeDef
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_NEEDED = "UpdateTimeToLive, TransactWriteItems and streams"


class UnsupportedEngine(Exception):
    """The engine of AWS_ENDPOINT_URL_DYNAMODB lacks an operation. The message says which, and what an engine needs."""

    def __init__(self, url: str, operation: str, answer: object) -> None:
        super().__init__(f"DynamoDB at {url} must have {_NEEDED}, but {operation} failed: {answer}")


class Tables:
    def __init__(self, dynamodb: "DynamoDBClient", streams: "DynamoDBStreamsClient") -> None:
        self._dynamodb = dynamodb
        self._streams = streams

    def make(self, table: Table) -> str | None:
        """Create the table unless it exists. Return the ARN of its stream, if it has one. Raise UnsupportedEngine."""
        url = self._dynamodb.meta.endpoint_url
        try:
            return self._make(table)
        except ClientError as error:
            raise UnsupportedEngine(url, error.operation_name, error) from error
        except WaiterError as error:
            raise UnsupportedEngine(url, "DescribeTable", error) from error

    def _make(self, table: Table) -> str | None:
        with suppress(self._dynamodb.exceptions.ResourceInUseException):
            self._dynamodb.create_table(TableName=table.name, **table.definition)
        self._dynamodb.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})
        # Also for a table that exists, because an earlier start may have ended between these requests.
        self._expire(table)
        self._transact(table)
        return self._stream(table)

    def _expire(self, table: Table) -> None:
        if not table.expires_by:
            return
        current = self._dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
        # DynamoDB refuses to enable it twice.
        if current.get("AttributeName") != table.expires_by:
            self._dynamodb.update_time_to_live(
                TableName=table.name,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": table.expires_by},
            )

    def _transact(self, table: Table) -> None:
        """Check in a transaction that an item does not exist. This changes nothing."""
        types = {one["AttributeName"]: one["AttributeType"] for one in table.definition["AttributeDefinitions"]}
        values: dict[str, Any] = {"S": "none", "N": "0", "B": b"none"}
        names = [one["AttributeName"] for one in table.definition["KeySchema"]]
        key = {name: {types[name]: values[types[name]]} for name in names}
        check: ConditionCheckTypeDef = {
            "TableName": table.name,
            "Key": key,
            "ConditionExpression": "attribute_not_exists(#name)",
            "ExpressionAttributeNames": {"#name": names[0]},
        }
        self._dynamodb.transact_write_items(TransactItems=[{"ConditionCheck": check}])

    def _stream(self, table: Table) -> str | None:
        arn = self._dynamodb.describe_table(TableName=table.name).get("Table", {}).get("LatestStreamArn")
        if arn:
            self._streams.describe_stream(StreamArn=arn)
        elif "StreamSpecification" in table.definition:
            raise UnsupportedEngine(self._dynamodb.meta.endpoint_url, "DescribeTable", "the table has no stream")
        return arn
