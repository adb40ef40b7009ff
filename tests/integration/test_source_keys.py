"""The key of the day: one for all processes, replaced on the next day, and requested once per process and day."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws.item_format import plain
from referral_intake.aws.source_keys import SourceKeys, derived_submission_id, source_hash
from referral_intake.core.errors import Unavailable
from referral_intake.core.submission import Submission, parse
from tests.integration import aws
from tests.support import samples
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def name(table: str) -> str:
    return aws.source_keys_name(table)


def test_all_processes_of_a_day_have_one_random_key(client: "DynamoDBClient", name: str) -> None:
    first, second = SourceKeys(client, name).of_day(NOW), SourceKeys(client, name).of_day(NOW)
    assert first == second
    assert len(first) == 32


def test_a_process_requests_the_key_once_a_day(
    client: "DynamoDBClient", name: str, request_counter: aws.RequestCounter
) -> None:
    keys = SourceKeys(client, name)
    for hours in range(8):
        keys.of_day(NOW + timedelta(hours=hours))
    assert request_counter.by_operation == {"PutItem": 1}
    keys.of_day(TOMORROW)
    assert request_counter.by_operation == {"PutItem": 2}


def test_the_key_of_the_next_day_replaces_it(client: "DynamoDBClient", name: str) -> None:
    today, tomorrow = SourceKeys(client, name).of_day(NOW), SourceKeys(client, name).of_day(TOMORROW)
    assert today != tomorrow
    [item] = client.scan(TableName=name)["Items"]
    assert bytes(plain(dict(item))["key"]) == tomorrow


def test_a_process_whose_clock_is_behind_uses_the_newer_key(client: "DynamoDBClient", name: str) -> None:
    tomorrow = SourceKeys(client, name).of_day(TOMORROW)
    assert SourceKeys(client, name).of_day(NOW) == tomorrow


def test_without_submissions_the_key_expires_at_the_end_of_its_day(client: "DynamoDBClient", name: str) -> None:
    SourceKeys(client, name).of_day(NOW)
    [item] = client.scan(TableName=name)["Items"]
    assert int(plain(dict(item))["expires"]) == datetime.combine(TOMORROW.date(), time(), NOW.tzinfo).timestamp()


def test_if_the_table_fails_it_is_not_requested_again_for_a_minute(
    client: "DynamoDBClient", table: str, request_counter: aws.RequestCounter
) -> None:
    keys = SourceKeys(client, "no-such-table")
    for seconds in (0, 1, 59, 60):
        with pytest.raises(Unavailable):
            keys.of_day(NOW + timedelta(seconds=seconds))
    assert request_counter.by_operation == {"PutItem": 2}


# ---- Hashes ----

KEYS = b"the key of a day", b"the key of the next day"


def submission() -> Submission:
    return parse(samples.payload(), samples.CAMPAIGNS.get)


def test_a_source_has_a_new_hash_with_each_key() -> None:
    hashes = [source_hash(key, network) for key in KEYS for network in ("203.0.113.9/32", "203.0.113.8/32")]
    assert len(set(hashes)) == 4


def test_a_form_without_an_id_gets_one_from_the_key_of_the_day() -> None:
    sent = submission()
    ids = [derived_submission_id(key, sent, "203.0.113.9") for key in (*KEYS, KEYS[0])]
    assert ids[0] == ids[2] != ids[1]
    assert derived_submission_id(KEYS[0], sent, "203.0.113.8") != ids[0]


def test_without_the_key_the_id_is_random() -> None:
    sent = submission()
    assert derived_submission_id(None, sent, "203.0.113.9") != derived_submission_id(None, sent, "203.0.113.9")
