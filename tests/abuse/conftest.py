"""Stories of attackers, told through the HTTP entry points, with the limits of production."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws import campaign_files
from tests.integration.conftest import client, cloud, engine, fake_credentials, secret_names, stats_table, table
from tests.integration.handler_harness import HandlerHarness, handler_harness
from tests.permissions.session_recorder import calls_are_permitted, permission_recorder
from tests.support.processes import new_process

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["calls_are_permitted", "client", "cloud", "engine", "fake_credentials", "permission_recorder"]
__all__ += ["secret_names", "stats_table", "table"]


@pytest.fixture
def harness(
    client: "DynamoDBClient",  # a fixture
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[HandlerHarness]:
    # The campaign of the tests has higher limits.
    monkeypatch.setattr(campaign_files, "_OPTIONAL_LIMITS", ())
    with handler_harness(client, secret_names, monkeypatch) as made:
        yield made


@pytest.fixture
def one_source(harness: HandlerHarness, monkeypatch: pytest.MonkeyPatch) -> HandlerHarness:
    """The limit per source of production. The stack of the tests has a higher one."""
    monkeypatch.setenv("REFERRALS_PER_SOURCE", "20")
    new_process()
    return harness


@pytest.fixture
def many_sources(harness: HandlerHarness, monkeypatch: pytest.MonkeyPatch) -> HandlerHarness:
    """An attacker with many network addresses, for whom the limit per source does not count."""
    monkeypatch.setenv("REFERRALS_PER_SOURCE", "100000")
    new_process()
    return harness
