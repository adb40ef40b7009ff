"""What was seen together, in the table."""

from typing import TYPE_CHECKING

import pytest

from referral_intake.aws.item_format import plain
from referral_intake.core.reasons import Reason
from referral_intake.outreach.screening import Sighting
from referral_intake.outreach.screening_counts import SightingsTable
from tests.integration import aws
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def sightings(client: "DynamoDBClient", table: str) -> SightingsTable:
    return SightingsTable(client, table, lambda: aws.RING, 20, lambda: NOW)


def sighting(member: str, key: str = "source#abc", most: int = 2) -> Sighting:
    return Sighting(Reason.MANY_FROM_ONE_SOURCE, key, member, most)


def test_no_more_are_admitted_than_the_most_and_known_ones_always_are(sightings: SightingsTable) -> None:
    admitted = [sightings.admits(sighting(member)) for member in ("a", "b", "c", "a", "d", "b")]
    assert admitted == [True, True, False, True, False, True]


def test_each_key_has_a_set_of_its_own(sightings: SightingsTable) -> None:
    assert all(sightings.admits(sighting("a", f"source#{key}", most=1)) for key in range(3))
    assert not sightings.admits(sighting("b", "source#1", most=1))


def test_a_flood_makes_no_item_larger(sightings: SightingsTable, look: aws.Look) -> None:
    for number in range(50):
        sightings.admits(sighting(str(number)))
    (item,) = map(plain, look.items().values())
    assert len(item["seen"]) == 2


def test_a_source_is_forgotten_and_an_address_is_not(sightings: SightingsTable, look: aws.Look) -> None:
    sightings.admits(sighting("a"))
    sightings.admits(sighting("a", "names#email#k1#0"))
    kept = {pk: plain(item) for pk, item in look.items().items()}
    assert int(kept["source#abc"]["expires"]) > NOW.timestamp()
    assert "expires" not in kept["names#email#k1#0"]


@pytest.mark.parametrize("domain", ["mailinator.com", "inbox.mailinator.com"])
def test_a_domain_that_gives_out_addresses_for_ten_minutes_is_known(sightings: SightingsTable, domain: str) -> None:
    assert sightings.is_disposable(domain)


@pytest.mark.parametrize("domain", ["gmail.com", "clinic.example", "com"])
def test_any_other_domain_is_not(sightings: SightingsTable, domain: str) -> None:
    assert not sightings.is_disposable(domain)
