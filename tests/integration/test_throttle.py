"""The sending rate, shared by all concurrent senders."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from referral_intake.aws.keys import DoctorHashes
from referral_intake.core.quota import Quota, Wait
from referral_intake.core.reasons import Reason
from referral_intake.outreach.throttle import Throttle
from samlocal.aws.moto_server import MotoServer
from tests.integration import aws
from tests.support import samples

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CAMPAIGN = samples.campaign()
FAST = Quota(per_second=25, per_day=1000, sent_last_day=0)
now = partial(datetime.now, UTC)
HASH = DoctorHashes(lambda: aws.RING).of_value


@pytest.fixture
def shared(fake_credentials: None) -> Iterator["DynamoDBClient"]:
    """A table with conditional writes that are atomic across threads, as in DynamoDB."""
    server = MotoServer({})
    server.start()
    yield boto3.client("dynamodb", endpoint_url=server.url, config=Config(max_pool_connections=8))
    server.stop()


def test_four_workers_never_exceed_the_allowed_share_of_the_rate(shared: "DynamoDBClient") -> None:
    table = aws.make_table(shared)
    times: list[datetime] = []

    def worker(_: int) -> None:
        throttle = Throttle(shared, table, lambda: FAST, now, HASH)
        for _ in range(6):
            while throttle.acquire(CAMPAIGN, "maria@clinic.example"):
                pass
            times.append(now())

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(worker, range(4)))
    times.sort()
    assert len(times) == 24
    # 20 per second is four fifths of 25. A delayed thread may run closer to the next one.
    for first, last in zip(times, times[11:], strict=False):
        assert last - first > 11 * FAST.interval - timedelta(milliseconds=250)


def test_each_sent_message_is_counted_once(shared: "DynamoDBClient") -> None:
    table = aws.make_table(shared)
    throttle = Throttle(shared, table, lambda: FAST, now, HASH)
    for _ in range(3):
        assert throttle.acquire(CAMPAIGN, "maria@clinic.example") is None
    item = shared.get_item(TableName=table, Key={"pk": {"S": "pace"}, "sk": {"S": "pace"}})["Item"]
    assert item["sent"] == {"N": "3"}


def test_an_exhausted_daily_quota_is_detected_without_a_write(
    client: "DynamoDBClient", table: str, request_counter: aws.RequestCounter
) -> None:
    used_up = Quota(per_second=14, per_day=200, sent_last_day=200)
    waited = Throttle(client, table, lambda: used_up, now, HASH).acquire(CAMPAIGN, "maria@clinic.example")
    assert isinstance(waited, Wait)
    assert request_counter.by_operation == {"BatchGetItem": 1}


def test_a_mail_domain_has_a_daily_limit_that_does_not_delay_other_domains(
    client: "DynamoDBClient", table: str
) -> None:
    clock = aws.Clock()
    throttle = Throttle(client, table, lambda: Quota(1000, 100_000, 0), clock, HASH, sleep=lambda _: None)
    strict = replace(CAMPAIGN, policy=replace(CAMPAIGN.policy, per_domain_per_day=2))
    taken = [throttle.acquire(strict, f"doctor{number}@clinic.example") for number in range(3)]
    assert taken[:2] == [None, None]
    assert taken[2] == Wait(datetime(2026, 11, 24, tzinfo=UTC), Reason.DOMAIN_CAP)
    assert throttle.acquire(strict, "doctor@other.example") is None
    assert "example" not in repr(client.scan(TableName=table)["Items"])
    clock.time += timedelta(days=1)
    assert throttle.acquire(strict, "doctor@clinic.example") is None
