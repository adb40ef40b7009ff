"""The local stack on another DynamoDB engine that lacks an operation, or that has the tables of an earlier start."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from samlocal.aws.moto_server import MotoServer
from samlocal.aws.tables import Tables, UnsupportedEngine
from samlocal.template.model import REGION, Table

DEFINITION = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = MotoServer({})
    server.start()
    yield server.url
    server.stop()


def table(name: str, expires_by: str | None = "expires_at") -> Table:
    return Table("Table", name, DEFINITION, expires_by)


def client(service: Any, url: str) -> Any:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client(service, endpoint_url=url)


def lacking(operation: str, client: Any) -> Any:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "UnknownOperationException", "Message": "unknown"}}, operation)

    client.meta.events.register(f"before-call.*.{operation}", refuse)
    return client


@pytest.mark.parametrize(
    "operation",
    ["CreateTable", "DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive", "TransactWriteItems", "DescribeStream"],
)
def test_the_error_names_what_the_engine_lacks_and_what_it_needs(operation: str, url: str) -> None:
    tables = Tables(lacking(operation, client("dynamodb", url)), lacking(operation, client("dynamodbstreams", url)))
    with pytest.raises(UnsupportedEngine) as raised:
        tables.make(table(f"lacks-{operation}"))
    assert str(raised.value).startswith(
        f"DynamoDB at {url} must have UpdateTimeToLive, TransactWriteItems and streams, but {operation} failed: "
    )


def test_a_table_without_time_to_live_gets_it_at_the_next_start(url: str) -> None:
    dynamodb, streams = client("dynamodb", url), client("dynamodbstreams", url)
    first = Tables(dynamodb, streams).make(table("two-starts", expires_by=None))
    for _ in range(2):
        assert Tables(dynamodb, streams).make(table("two-starts")) == first
    found = dynamodb.describe_time_to_live(TableName="two-starts")["TimeToLiveDescription"]
    assert found == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
