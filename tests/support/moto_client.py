"""A DynamoDB client for unit tests of moto."""

from functools import cache
from typing import TYPE_CHECKING

import boto3

from samlocal.template.model import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@cache
def client() -> "DynamoDBClient":
    """One client for all tests, because a session and a client read megabytes of JSON."""
    return boto3.Session("test", "test", region_name=REGION).client("dynamodb")
