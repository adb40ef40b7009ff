"""Sightings for the screening, in the table."""

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


def test_new_members_are_admitted_up_to_the_maximum_and_known_ones_always(sightings: SightingsTable) -> None:
    admitted = [sightings.admits(sighting(member)) for member in ("a", "b", "c", "a", "d", "b")]
    assert admitted == [True, True, False, True, False, True]


def test_each_key_has_its_own_set(sightings: SightingsTable) -> None:
    assert all(sightings.admits(sighting("a", f"source#{key}", most=1)) for key in range(3))
    assert not sightings.admits(sighting("b", "source#1", most=1))


def test_a_flood_does_not_enlarge_an_item(sightings: SightingsTable, look: aws.Look) -> None:
    for number in range(50):
        sightings.admits(sighting(str(number)))
    (item,) = map(plain, look.items().values())
    assert len(item["seen"]) == 2


def test_a_source_expires_and_an_address_does_not(sightings: SightingsTable, look: aws.Look) -> None:
    sightings.admits(sighting("a"))
    sightings.admits(sighting("a", "names#email#k1#0"))
    kept = {pk: plain(item) for pk, item in look.items().items()}
    assert int(kept["source#abc"]["expires"]) > NOW.timestamp()
    assert "expires" not in kept["names#email#k1#0"]


@pytest.mark.parametrize("domain", ["mailinator.com", "inbox.mailinator.com"])
def test_a_disposable_email_domain_is_recognized(sightings: SightingsTable, domain: str) -> None:
    assert sightings.is_disposable(domain)


@pytest.mark.parametrize("domain", ["gmail.com", "clinic.example", "com"])
def test_another_domain_is_not_disposable(sightings: SightingsTable, domain: str) -> None:
    assert not sightings.is_disposable(domain)
