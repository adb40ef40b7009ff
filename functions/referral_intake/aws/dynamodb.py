"""The DynamoDB client and its limits."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Every write is conditional, or a transaction with a token, so the SDK may retry it after a timeout. Two attempts take
# less time than the shortest timeout of a function, which leaves time to answer.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=10,
)


def client() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_CONFIG)
