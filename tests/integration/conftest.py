from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from moto.core.models import MockAWS

from referral_intake.aws import dynamodb
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.referral_table import ReferralTable
from samlocal.aws import moto_fixes
from tests.engines import dynamodb_local
from tests.integration import aws
from tests.permissions.session_recorder import calls_are_permitted, permission_recorder
from tests.support.waiting import CEILING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["calls_are_permitted", "permission_recorder"]


# On a busy machine an engine may be slower than AWS.
LONG_TIMEOUTS = Config(connect_timeout=CEILING, read_timeout=CEILING)

# Tests of requests to a table run on DynamoDB Local, because moto accepts requests that DynamoDB refuses. All others
# run on moto, which is faster, and with `make long` on DynamoDB Local, too.
DYNAMODB_LOCAL_TESTS = {
    "test_actions",
    "test_audit",
    "test_breaker_table",
    "test_claims",
    "test_dashboard_numbers",
    "test_listing",
    "test_outreach_flow",
    "test_redrive",
    "test_throttle",
    "test_referral_table",
    "test_reports",
    "test_restore",
    "test_screening_counts",
    "test_summary",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_parametrized = any(marker.args[0] == "engine" for marker in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not is_parametrized and not hasattr(metafunc.module, "engine"):
        real: Any = "dynamodb-local"
        if metafunc.module.__name__.rpartition(".")[2] in DYNAMODB_LOCAL_TESTS:
            engines = [real]
        else:
            engines = ["moto", pytest.param(real, marks=pytest.mark.long)]
        metafunc.parametrize("engine", engines, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """The engine of the table: `moto` or `dynamodb-local`."""
    name: str = getattr(request, "param", "moto")
    return name


@pytest.fixture
def fake_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invalid credentials, and no profile of the developer."""
    set_fake_credentials(monkeypatch)


def set_fake_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", _session())


@cache
def _session() -> boto3.Session:
    """One session for all tests, because each new one reads megabytes of JSON."""
    return boto3.Session()


def moto_account() -> MockAWS:
    return mock_aws(config={"core": {"reset_boto3_session": False}})


@contextmanager
def separate_account(patch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    """An AWS account on moto with all tables, for fixtures that outlast a test. Yields the DynamoDB client."""
    set_fake_credentials(patch)
    with moto_account():
        client = dynamodb.client()
        aws.make_tables(client)
        yield client


@pytest.fixture
def cloud(fake_credentials: None) -> Iterator[None]:
    moto_fixes.apply()
    with moto_account():
        yield


@pytest.fixture
def client(cloud: None, engine: str, monkeypatch: pytest.MonkeyPatch) -> "DynamoDBClient":
    """The client of the functions, with longer timeouts."""
    monkeypatch.setattr(dynamodb, "_CONFIG", dynamodb._CONFIG.merge(LONG_TIMEOUTS))
    if engine == "dynamodb-local":
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local.shared())
    return dynamodb.client()


@pytest.fixture
def table(client: "DynamoDBClient", engine: str) -> Iterator[str]:
    """The table of referrals, empty. The table with the key of the day exists as well."""
    name = aws.make_table(client)
    source_keys = aws.make_table(client, "SourceKeys", aws.source_keys_name(name))
    yield name
    if engine == "dynamodb-local":
        for one in (name, source_keys):
            client.delete_table(TableName=one)


@pytest.fixture
def stats_table(client: "DynamoDBClient", table: str, engine: str) -> Iterator[str]:
    """The table of counters of the template."""
    name = aws.make_table(client, "StatsTable", aws.stats_name(table))
    yield name
    if engine == "dynamodb-local":
        client.delete_table(TableName=name)


@pytest.fixture
def referrals(client: "DynamoDBClient", table: str) -> ReferralTable:
    return ReferralTable(client, table)


@pytest.fixture
def claims(client: "DynamoDBClient", table: str) -> ClaimTable:
    return ClaimTable(client, table)


@pytest.fixture
def table_reader(client: "DynamoDBClient", table: str) -> aws.TableReader:
    return aws.TableReader(client, table)


@pytest.fixture
def request_counter(client: "DynamoDBClient", table: str) -> aws.RequestCounter:
    """Counts requests after the table was created."""
    return aws.RequestCounter(client)


@pytest.fixture
def secret_names(cloud: None) -> dict[str, str]:
    return aws.make_secrets()
