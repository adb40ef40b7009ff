"""Counts for the screening, in the table."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws.item_format import plain
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.mail_effects import apply_event
from referral_intake.core.reasons import Reason
from referral_intake.feedback import ses_events
from referral_intake.outreach.screening import ScreeningLimit
from referral_intake.outreach.screening_counts import ScreeningCountTable
from tests.integration import aws
from tests.support.mail_events import mail_event
from tests.support.samples import NOW, campaign, referral

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def screening_counts(client: "DynamoDBClient", table: str) -> ScreeningCountTable:
    return ScreeningCountTable(client, table, lambda: aws.RING, 20, lambda: NOW)


def limit_for(member: str, key: str = "names#abc", maximum: int = 2) -> ScreeningLimit:
    return ScreeningLimit(Reason.MANY_NAMES_FOR_ONE_ADDRESS, key, member, maximum)


def test_a_source_has_a_daily_limit(screening_counts: ScreeningCountTable) -> None:
    reasons = [screening_counts.record_source("abc", str(number)) for number in range(21)]
    assert reasons == [None] * 20 + [Reason.MANY_FROM_ONE_SOURCE]
    assert screening_counts.record_source("abc", "3") is None
    assert screening_counts.record_source("def", "21") is None


def test_after_a_hard_bounce_the_other_referrals_of_its_source_are_held(
    client: "DynamoDBClient", table: str, screening_counts: ScreeningCountTable
) -> None:
    sent, referrals = replace(referral(), source="abc"), ReferralTable(client, table)
    referrals.add(sent)
    event = ses_events.read(json.dumps(mail_event("Bounce", sent.receipt)), NOW)
    assert event
    apply_event(event, sent, campaign(), referrals)
    assert screening_counts.record_source("abc", "47XR") == Reason.SOURCE_BOUNCED
    assert screening_counts.record_source("def", "47XR") is None


def test_new_members_are_admitted_up_to_the_maximum_and_known_ones_always(
    screening_counts: ScreeningCountTable,
) -> None:
    admitted = [screening_counts.record_within_limit(limit_for(member)) for member in ("a", "b", "c", "a", "d", "b")]
    assert admitted == [True, True, False, True, False, True]


def test_each_key_has_its_own_set(screening_counts: ScreeningCountTable) -> None:
    assert all(screening_counts.record_within_limit(limit_for("a", f"names#{key}", maximum=1)) for key in range(3))
    assert not screening_counts.record_within_limit(limit_for("b", "names#1", maximum=1))


def test_a_flood_does_not_enlarge_an_item(screening_counts: ScreeningCountTable, table_reader: aws.TableReader) -> None:
    for number in range(50):
        screening_counts.record_within_limit(limit_for(str(number)))
    (item,) = map(plain, table_reader.items().values())
    assert len(item["seen"]) == 2


def test_a_source_expires_and_an_address_does_not(
    screening_counts: ScreeningCountTable, table_reader: aws.TableReader
) -> None:
    screening_counts.record_source("abc", "47XR")
    screening_counts.record_within_limit(limit_for("a", "names#email#k1#0"))
    kept = {pk: plain(item) for pk, item in table_reader.items().items()}
    assert int(kept["source#abc"]["expires"]) > NOW.timestamp()
    assert "expires" not in kept["names#email#k1#0"]


@pytest.mark.parametrize("domain", ["mailinator.com", "inbox.mailinator.com"])
def test_a_disposable_email_domain_is_recognized(screening_counts: ScreeningCountTable, domain: str) -> None:
    assert screening_counts.is_disposable(domain)


@pytest.mark.parametrize("domain", ["gmail.com", "clinic.example", "com"])
def test_another_domain_is_not_disposable(screening_counts: ScreeningCountTable, domain: str) -> None:
    assert not screening_counts.is_disposable(domain)
