"""The cache of registry results, in the table of the template."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from local.registry import Registry
from referral_intake.aws import dynamodb
from referral_intake.aws.registry_signatures import RegistrySignatures
from referral_intake.core.errors import Unavailable
from referral_intake.lookup import doctors
from referral_intake.lookup.match_cache import CACHE_TIME, MatchCache
from referral_intake.lookup.matching import matches
from referral_intake.lookup.name_search import read_search
from referral_intake.lookup.wiring import LookupParts
from tests.integration import aws
from tests.support import events
from tests.support.fakes import ring
from tests.support.lookups import FakeRegistry
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEARCH = read_search("Ashgrove", "CA")
MATCHES = matches(SEARCH.queries[0], Registry().records)


def test_results_are_cached_for_exactly_one_day(client: "DynamoDBClient", table: str) -> None:
    cache = MatchCache(client, table)
    assert cache.get(SEARCH.key, NOW) is None
    cache.put(SEARCH.key, MATCHES, NOW)
    assert cache.get(SEARCH.key, NOW + CACHE_TIME - timedelta(seconds=1)) == MATCHES
    # DynamoDB has not deleted the item yet.
    assert cache.get(SEARCH.key, NOW + CACHE_TIME) is None


def test_an_empty_result_differs_from_a_cache_miss(client: "DynamoDBClient", table: str) -> None:
    cache = MatchCache(client, table)
    cache.put(SEARCH.key, [], NOW)
    assert cache.get(SEARCH.key, NOW) == []


def test_items_expire_by_the_ttl_attribute_of_the_template(table_reader: aws.TableReader, table: str) -> None:
    MatchCache(dynamodb.client(), table).put(SEARCH.key, MATCHES, NOW)
    definition = aws.template().tables["Table"]
    [(key, item)] = table_reader.items().items()
    assert definition.expires_by in item
    assert key == f"lookup#{SEARCH.key}"
    assert "stage" not in item, "it wakes no reader of the stream"


def test_a_search_costs_one_read_and_a_new_one_also_one_write(
    request_counter: aws.RequestCounter, client: "DynamoDBClient", table: str
) -> None:
    parts = LookupParts(FakeRegistry(), MatchCache(client, table), RegistrySignatures(ring))
    event = events.request("GET /api/doctors", query="name=Maria Lopez&state=IL")
    doctors.respond(event, parts, NOW)
    assert request_counter.by_operation == {"GetItem": 1, "PutItem": 1}
    doctors.respond(event, parts, NOW)
    assert request_counter.by_operation == {"GetItem": 2, "PutItem": 1}


def test_a_table_that_does_not_respond_is_unavailable(fake_credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        MatchCache(dynamodb.client(), "t").get(SEARCH.key, NOW)
