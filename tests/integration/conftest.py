from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from referral_intake.adapters import dynamodb
from referral_intake.adapters.claims import ClaimTable
from referral_intake.adapters.referral_table import ReferralTable
from tests.integration import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing, and no profile of the developer's own."""
    forget_account(monkeypatch)


def forget_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def cloud(no_account: None) -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def client(cloud: None) -> "DynamoDBClient":
    """As the functions make it."""
    return dynamodb.client()


@pytest.fixture
def table(client: "DynamoDBClient") -> str:
    """The template's table."""
    return aws.make_table(client)


@pytest.fixture
def stats_table(client: "DynamoDBClient", table: str) -> str:
    """The template's table of counters."""
    return aws.make_table(client, "StatsTable", aws.stats_name(table))


@pytest.fixture
def referrals(client: "DynamoDBClient", table: str) -> ReferralTable:
    return ReferralTable(client, table)


@pytest.fixture
def claims(client: "DynamoDBClient", table: str) -> ClaimTable:
    return ClaimTable(client, table)


@pytest.fixture
def look(client: "DynamoDBClient", table: str) -> aws.Look:
    return aws.Look(client, table)


@pytest.fixture
def requests(client: "DynamoDBClient", table: str) -> aws.Requests:
    """Counts from now on: making the table is not counted."""
    return aws.Requests(client)


@pytest.fixture
def secret_names(cloud: None) -> dict[str, str]:
    return aws.make_secrets()
