"""Counts for the screening, in the table."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws.audit_log import AuditTable
from referral_intake.aws.hospital_domains import HospitalDomains
from referral_intake.aws.item_format import plain
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.limits import WEEK, GroupKind, Mark
from referral_intake.core.mail_effects import apply_event
from referral_intake.core.reasons import Reason
from referral_intake.feedback import ses_events
from referral_intake.outreach.screening import Suspicion
from referral_intake.outreach.screening_counts import ScreeningCountTable
from tests.integration import aws
from tests.support.mail_events import mail_event
from tests.support.samples import MANAGER, NOW, campaign, referral

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def screening_counts(client: "DynamoDBClient", table: str) -> ScreeningCountTable:
    return ScreeningCountTable(client, table, lambda: aws.RING, 20, lambda: NOW)


def mark(member: str, key: str = "limit#domain#k1#abc", maximum: int = 2, *, is_daily: bool = True) -> Mark:
    return Mark(
        Reason.MANY_AT_ONE_DOMAIN, GroupKind.DOMAIN, key, member, maximum, is_daily=is_daily, expires_after=WEEK
    )


def source_mark(receipt: str, source: str = "abc", maximum: int = 20) -> Mark:
    return Mark(Reason.MANY_FROM_ONE_SOURCE, GroupKind.SOURCE, f"source#{source}", receipt, maximum, expires_after=WEEK)


def reasons(counts: ScreeningCountTable, marks: Iterable[Mark]) -> list[Reason | None]:
    found = [counts.admit([one], None, None) for one in marks]
    return [one.reason if one else None for one in found]


def test_a_source_has_a_daily_limit(screening_counts: ScreeningCountTable) -> None:
    sent = [source_mark(str(number)) for number in range(21)]
    assert reasons(screening_counts, sent) == [None] * 20 + [Reason.MANY_FROM_ONE_SOURCE]
    assert reasons(screening_counts, [source_mark("3"), source_mark("21", "def")]) == [None, None]


def test_after_a_hard_bounce_the_other_referrals_of_its_source_are_held(
    client: "DynamoDBClient", table: str, screening_counts: ScreeningCountTable
) -> None:
    sent, referrals = replace(referral(), source="abc"), ReferralTable(client, table)
    referrals.add(sent)
    event = ses_events.read(json.dumps(mail_event("Bounce", sent.receipt)), NOW)
    assert event
    apply_event(event, sent, campaign(), referrals)
    assert reasons(screening_counts, [source_mark("47XR"), source_mark("47XR", "def")]) == [Reason.SOURCE_BOUNCED, None]


def test_new_members_are_admitted_up_to_the_maximum_and_known_ones_always(
    screening_counts: ScreeningCountTable,
) -> None:
    held = Reason.MANY_AT_ONE_DOMAIN
    assert reasons(screening_counts, map(mark, "abcadb")) == [None, None, held, None, held, None]
    assert reasons(screening_counts, [mark("c", "limit#domain#k1#def")]) == [None]


def test_a_week_has_a_limit_and_sets_of_earlier_weeks_are_removed(
    client: "DynamoDBClient", table: str, table_reader: aws.TableReader
) -> None:
    clock = aws.Clock()
    counts = ScreeningCountTable(client, table, lambda: aws.RING, 20, clock)
    held, found = Reason.MANY_AT_ONE_DOMAIN, []
    for number, days in enumerate((0, 1, 2, 3, 7, 8)):
        clock.time = NOW + timedelta(days=days)
        found += reasons(counts, [mark(f"{number}a"), mark(f"{number}b")])
    assert found == [None] * 6 + [held, held] + [None] * 4
    (item,) = map(plain, table_reader.items().values())
    assert {name for name in item if name[0].isdigit()} == {"2026-11-25", "2026-11-30", "2026-12-01"}


def test_a_limit_that_is_reached_is_not_written_and_no_other_mark_is_counted(
    screening_counts: ScreeningCountTable, table_reader: aws.TableReader
) -> None:
    for number in range(50):
        screening_counts.admit([source_mark(str(number), maximum=99), mark(str(number))], None, None)
    items = {pk: plain(item) for pk, item in table_reader.items().items()}
    assert len(items["limit#domain#k1#abc"]["2026-11-23"]) == len(items["source#abc"]["seen"]) == 2


def test_an_honest_referral_costs_one_read_and_one_write_per_mark_and_a_repeated_one_no_write(
    screening_counts: ScreeningCountTable, request_counter: aws.RequestCounter
) -> None:
    marks = [source_mark("1"), mark("a"), mark("a", "limit#phone#k1#def")]
    for expected in ({"BatchGetItem": 1, "UpdateItem": 4}, {"BatchGetItem": 1}):
        request_counter.by_operation.clear()
        assert screening_counts.admit(marks, "clinic.example", campaign()) is None
        assert request_counter.by_operation == expected


def test_the_campaign_has_a_daily_total_of_new_doctors(screening_counts: ScreeningCountTable) -> None:
    strict = replace(campaign(), policy=replace(campaign().policy, unseen_per_day=2))
    found = [screening_counts.admit([mark(one, maximum=9)], None, strict) for one in "abacb"]
    assert found[:3] + found[4:] == [None] * 4
    assert found[3] == Suspicion(Reason.DAILY_TOTAL, "total-2026-11-23")
    assert screening_counts.admit([mark("c", maximum=9)], None, None) is None, "a letter is not counted"


def test_a_hospitals_domain_has_no_limit_until_that_is_taken_back(
    client: "DynamoDBClient", table: str, screening_counts: ScreeningCountTable, table_reader: aws.TableReader
) -> None:
    hospitals = HospitalDomains(client, table, DoctorHashes(lambda: aws.RING))
    hospitals.confirm("clinic.example", MANAGER, NOW)
    rotated = ScreeningCountTable(client, table, lambda: aws.ROTATED, 20, lambda: NOW)
    for counts in (screening_counts, rotated):
        assert [counts.admit([mark(one)], "clinic.example", None) for one in "abcd"] == [None] * 4
    HospitalDomains(client, table, DoctorHashes(lambda: aws.ROTATED)).take_back("clinic.example", MANAGER, NOW)
    assert not hospitals.is_hospital("clinic.example")
    held = [rotated.admit([mark(one)], "clinic.example", None) for one in "abcd"]
    assert [one is not None for one in held] == [False, False, True, True]
    assert "clinic" not in repr(table_reader.items())
    records = AuditTable(client, table).of_day(NOW.date())
    assert {(one.username, one.what) for one in records} == {
        ("maria", "confirm_hospital"),
        ("maria", "take_back_hospital"),
    }


def test_concurrent_runs_do_not_exceed_a_limit(client: "DynamoDBClient", table: str) -> None:
    def admit(number: int) -> bool:
        counts = ScreeningCountTable(client, table, lambda: aws.RING, 20, lambda: NOW)
        return counts.admit([mark(str(number), maximum=5)], None, None) is None

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(admit, range(12))) == 5


def test_a_source_expires_and_an_address_does_not(
    screening_counts: ScreeningCountTable, table_reader: aws.TableReader
) -> None:
    kept = replace(mark("a", "names#email#k1#0", is_daily=False), expires_after=None)
    screening_counts.admit([source_mark("47XR"), kept], None, None)
    items = {pk: plain(item) for pk, item in table_reader.items().items()}
    assert int(items["source#abc"]["expires"]) > NOW.timestamp()
    assert "expires" not in items["names#email#k1#0"]


@pytest.mark.parametrize("domain", ["mailinator.com", "inbox.mailinator.com"])
def test_a_disposable_email_domain_is_recognized(screening_counts: ScreeningCountTable, domain: str) -> None:
    assert screening_counts.is_disposable(domain)


@pytest.mark.parametrize("domain", ["gmail.com", "clinic.example", "com"])
def test_another_domain_is_not_disposable(screening_counts: ScreeningCountTable, domain: str) -> None:
    assert not screening_counts.is_disposable(domain)
