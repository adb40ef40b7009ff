"""Provide the minimal function for comparison: boto3 and one put."""

import boto3

_client = boto3.client("dynamodb")


def handler(event: object, context: object) -> None:
    _client.put_item(TableName="table", Item={"pk": {"S": "key"}})
