"""The changes of moto fit the installed moto, and return what DynamoDB returns."""

import ast
import hashlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from moto import dynamodb, dynamodbstreams, mock_aws
from moto.core.exceptions import ServiceException
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import dynamodb_backends, table
from moto.dynamodbstreams.models import dynamodbstreams_backends

from samlocal.aws import moto_data, moto_fixes
from samlocal.template.model import ACCOUNT, REGION
from tests.support import moto_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "t"


@pytest.mark.parametrize(
    ("module", "method", "digest"),
    [
        (dynamodb.models, "DynamoDBBackend.transact_write_items", "c3c395e93400"),
        (table, "Table.query", "7c7c449c0d26"),
        (table, "Table.all_items", "98389d155739"),
        (dynamodbstreams.models, "DynamoDBStreamsBackend.get_records", "ffaed392b1a7"),
        (dynamodbstreams.models, "DynamoDBStreamsBackend.get_shard_iterator", "a277e7124727"),
    ],
)
def test_moto_has_the_methods_for_which_the_changes_were_made(module: ModuleType, method: str, digest: str) -> None:
    found = hashlib.sha256(source(module, method).encode()).hexdigest()[:12]
    assert found == digest, f"moto changed {method}: compare it with samlocal/aws/moto_fixes.py"


def source(module: ModuleType, method: str) -> str:
    """The source as installed, even if the method was replaced in this process."""
    text, (owner, name) = inspect.getsource(module), method.split(".")
    (found,) = (
        node
        for one in ast.parse(text).body
        if isinstance(one, ast.ClassDef) and one.name == owner
        for node in one.body
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return ast.get_source_segment(text, found) or ""


@pytest.fixture
def client() -> Iterator["DynamoDBClient"]:
    moto_fixes.apply()
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        client = moto_client.client()
        client.create_table(
            TableName=NAME,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "due")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_due",
                    "KeySchema": [
                        {"AttributeName": "sk", "KeyType": "HASH"},
                        {"AttributeName": "due", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        yield client


def item(pk: str, sk: str = "a", **more: str) -> dict[str, Any]:
    return {name: {"S": value} for name, value in {"pk": pk, "sk": sk, **more}.items()}


def stream() -> Any:
    """The stream in moto's memory. botocore sends requests to a host name that moto's mocks don't have."""
    return dynamodb_backends[ACCOUNT][REGION].tables[NAME].stream_shard


def records() -> list[str]:
    return [record.record["eventName"] for record in stream().items]


def test_a_canceled_transaction_changes_nothing(client: "DynamoDBClient") -> None:
    for one in (item("updated", n="1"), item("deleted"), item("replaced", n="1")):
        client.put_item(TableName=NAME, Item=one)
    before, streamed = client.scan(TableName=NAME)["Items"], records()
    update: Any = {
        "TableName": NAME,
        "Key": item("updated"),
        "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": {"S": "2"}},
    }
    refused: Any = {
        "TableName": NAME,
        "Key": item("updated", "other"),
        "ConditionExpression": "attribute_exists(pk)",
    }
    with pytest.raises(client.exceptions.TransactionCanceledException) as raised:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": NAME, "Item": item("new")}},
                {"Put": {"TableName": NAME, "Item": item("replaced", n="2")}},
                {"Update": update},
                {"Delete": {"TableName": NAME, "Key": item("deleted")}},
                {"ConditionCheck": refused},
            ]
        )
    codes = [reason["Code"] for reason in raised.value.response["CancellationReasons"]]
    assert codes == ["None", "None", "None", "None", "ConditionalCheckFailed"]
    assert client.scan(TableName=NAME)["Items"] == before
    assert records() == streamed == ["INSERT"] * 3


def test_a_canceled_transaction_returns_the_item_that_failed_the_condition(client: "DynamoDBClient") -> None:
    client.put_item(TableName=NAME, Item=item("stored", n="1"))
    put: Any = {
        "TableName": NAME,
        "Item": item("stored"),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(client.exceptions.TransactionCanceledException) as raised:
        client.transact_write_items(TransactItems=[{"Put": put}])
    assert raised.value.response["CancellationReasons"][0]["Item"] == item("stored", n="1")


def test_a_transaction_reaches_the_stream_after_a_canceled_one(client: "DynamoDBClient") -> None:
    check: Any = {"TableName": NAME, "Key": item("none"), "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=[{"ConditionCheck": check}])
    client.transact_write_items(TransactItems=[{"Put": {"TableName": NAME, "Item": item("new")}}])
    assert records() == ["INSERT"]


def test_queries_find_the_items_with_the_hash_key_in_order(client: "DynamoDBClient") -> None:
    for one in (item("1", "b", due="2"), item("1", "a", due="9"), item("2", "a", due="1"), item("3", "a")):
        client.put_item(TableName=NAME, Item=one)
    by_table = client.query(
        TableName=NAME, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "1"}}
    )
    by_index = client.query(
        TableName=NAME,
        IndexName="by_due",
        KeyConditionExpression="sk = :sk AND due < :due",
        ExpressionAttributeValues={":sk": {"S": "a"}, ":due": {"S": "99"}},
    )
    nothing = client.query(
        TableName=NAME, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "none"}}
    )
    assert by_table["Items"] == [item("1", "a", due="9"), item("1", "b", due="2")]
    assert by_index["Items"] == [item("2", "a", due="1"), item("1", "a", due="9")]
    assert nothing["Items"] == []


def test_freeing_memory_keeps_the_records_that_an_iterator_can_reach(
    client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = dynamodbstreams_backends[ACCOUNT][REGION]
    arn = client.describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
    first = streams.get_shard_iterator(arn, stream().id, "TRIM_HORIZON")
    for number in range(4):
        client.put_item(TableName=NAME, Item=item(str(number)))
    position = streams.get_records(first.arn, 3)["NextShardIterator"]
    moto_data.free_memory()
    assert len(records()) == 4

    monkeypatch.setattr(moto_data, "_KEPT_ITERATORS", 1)
    moto_data.free_memory()
    client.put_item(TableName=NAME, Item=item("4"))
    found = streams.get_records(position, 10)["Records"]
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in found] == ["3", "4"]
    assert len(records()) == 2


def test_a_deleted_iterator_has_expired_and_a_trimmed_position_is_reported(client: "DynamoDBClient") -> None:
    streams = dynamodbstreams_backends[ACCOUNT][REGION]
    arn = client.describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
    iterator = streams.get_shard_iterator(arn, stream().id, "TRIM_HORIZON")
    position: Any = iterator.sequence_number
    stream().starting_sequence_number += 10
    with pytest.raises(ServiceException, match="TrimmedDataAccessException"):
        streams.get_records(iterator.arn, 1)
    with pytest.raises(ServiceException, match="TrimmedDataAccessException"):
        streams.get_shard_iterator(arn, stream().id, "AFTER_SEQUENCE_NUMBER", position)
    streams.shard_iterators.clear()
    with pytest.raises(ServiceException, match="ExpiredIteratorException"):
        streams.get_records(iterator.arn, 1)


def test_after_a_failed_put_without_the_stream_the_table_has_its_stream(client: "DynamoDBClient") -> None:
    with pytest.raises(MockValidationException):
        moto_data.put_without_stream(NAME, [item("stored"), {"sk": {"S": "no hash key"}}])
    assert records() == []
    client.put_item(TableName=NAME, Item=item("new"))
    assert records() == ["INSERT"]
