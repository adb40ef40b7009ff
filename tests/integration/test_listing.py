"""Referrals found and listed in the table: newest first, page by page, within a bounded number of read units."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws import listing_table
from referral_intake.aws.cursors import BadCursor, Place
from referral_intake.aws.item_format import timestamp, to_item, typed
from referral_intake.aws.listing_table import PAGE, ListingTable, Page
from referral_intake.core import decisions
from referral_intake.core.contact import email_identity
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Referral, Stage
from referral_intake.core.search_filter import Filter, Wanted, search_words
from referral_intake.core.tasks import Kind
from referral_intake.dashboard.actions import Action
from referral_intake.intake import bot_detection
from tests.integration import aws
from tests.integration.office import LATER, Office
from tests.support import samples
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def listing(client: "DynamoDBClient", table: str) -> ListingTable:
    return ListingTable(client, table)


@pytest.fixture
def office(client: "DynamoDBClient", table: str) -> Office:
    return Office(client, table)


def put(office: Office, number: int = 1, *, first: datetime = NOW, **doctor: Any) -> list[Referral]:
    """The newest first, a minute apart."""
    added = [aws.submitted(first - timedelta(minutes=one), **doctor) for one in range(number)]
    for referral in added:
        office.referrals.add(referral)
    return added


def receipts(page: Page | list[Referral]) -> list[str]:
    return [referral.receipt for referral in (page.referrals if isinstance(page, Page) else page)]


def pages(listing: ListingTable, wanted: Wanted) -> Iterator[Page]:
    cursor = None
    while True:
        page = listing.search(wanted, cursor)
        yield page
        if (cursor := page.cursor) is None:
            return


# ---- Pages -----------------------------------------------------------------------------------------------------------


def test_pages_hold_every_referral_once_the_newest_first(office: Office, listing: ListingTable) -> None:
    added = put(office, 2 * PAGE + 3)
    found = list(pages(listing, Wanted("lumen")))
    assert [len(page.referrals) for page in found] == [PAGE, PAGE, 3]
    assert [receipt for page in found for receipt in receipts(page)] == receipts(added)
    assert [page.searched_back_to for page in found] == [NOW.date(), NOW.date(), None]


def test_a_page_that_holds_all_has_no_cursor(office: Office, listing: ListingTable) -> None:
    put(office, PAGE)
    page = listing.search(Wanted("lumen"))
    assert (len(page.referrals), page.cursor, page.searched_back_to) == (PAGE, None, None)


def test_referrals_of_the_same_moment_are_all_found(office: Office, listing: ListingTable) -> None:
    added = [aws.submitted() for _ in range(PAGE + 5)]
    for referral in added:
        office.referrals.add(referral)
    found = [receipt for page in pages(listing, Wanted("lumen")) for receipt in receipts(page)]
    assert sorted(found) == sorted(receipts(added))


def test_days_are_days_in_utc_both_included(office: Office, listing: ListingTable) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    moments = [midnight - timedelta(milliseconds=1), midnight, midnight + timedelta(days=1, milliseconds=-1)]
    _, early, late = [put(office, first=moment)[0] for moment in moments]
    put(office, first=midnight + timedelta(days=1))
    assert receipts(listing.search(Wanted("lumen", Filter(midnight.date(), midnight.date())))) == receipts(
        [late, early]
    )


def test_a_page_tells_what_it_cost(office: Office, listing: ListingTable) -> None:
    put(office, 3)
    assert 0 < listing.search(Wanted("lumen")).units < 100


# ---- What is looked for ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("lumen", Filter(stage=Stage.HELD)),
        Wanted("lumen", Filter(reason="trap")),
        Wanted("lumen", Filter(state="TX")),
        Wanted("lumen", Filter(specialty="neurosurgery")),
        Wanted("lumen", words=search_words("núñez del")),
        Wanted("lumen", Filter(None, None, Stage.HELD, "trap", "TX", "neurosurgery"), words=("delia",)),
    ],
)
def test_filters_find_what_fits_and_nothing_else(office: Office, listing: ListingTable, wanted: Wanted) -> None:
    put(office, 60, specialty="Oncology", address={"state": "IL"})
    held = put(
        office, first=NOW - timedelta(days=9), name="Delia Nunez", specialty="Neurosurgeon", address={"state": "tx"}
    )
    office.referrals.move(held[0], decisions.hold(Reason.TRAP, NOW))
    page = listing.search(wanted)
    assert (receipts(page), page.cursor, page.searched_back_to) == (receipts(held), None, None)


def test_who_has_no_state_can_be_looked_for(office: Office, listing: ListingTable) -> None:
    put(office, address={"state": "IL"})
    [without] = put(office)
    assert receipts(listing.search(Wanted("lumen", Filter(state="none")))) == [without.receipt]


@pytest.mark.parametrize("typed_before", ["maria.lopez@clinic.example", "Maria.Lopez+Spine@Clinic.EXAMPLE"])
@pytest.mark.parametrize("asked", ["maria.lopez@clinic.example", "MARIA.LOPEZ+x@CLINIC.example"])
def test_an_address_is_found_however_it_was_typed(
    office: Office, listing: ListingTable, typed_before: str, asked: str
) -> None:
    put(office, 3, email="somebody@clinic.example")
    [its] = put(office, email=typed_before)
    assert receipts(listing.search(Wanted("lumen", email=email_identity(asked)))) == [its.receipt]


def test_an_npi_is_found_the_newest_first_within_its_days(office: Office, listing: ListingTable) -> None:
    put(office, 2)
    old, new = (put(office, first=NOW - timedelta(days=days), npi="1234567893")[0] for days in (5, 0))
    assert receipts(listing.search(Wanted("lumen", npi="1234567893"))) == receipts([new, old])
    assert receipts(listing.search(Wanted("lumen", Filter(last=old.submitted_at.date()), npi="1234567893"))) == [
        old.receipt
    ]


def test_an_address_that_somebody_found_is_found_by(office: Office, listing: ListingTable) -> None:
    added = office.by_post()
    office.do(Action.ADD_EMAIL, added, email="Maria.Lopez@Found.EXAMPLE")
    assert receipts(listing.search(Wanted("lumen", email="maria.lopez@found.example"))) == [added.receipt]


def test_a_receipt_is_found_where_the_rest_fits(office: Office, listing: ListingTable) -> None:
    [referral] = put(office)
    assert receipts(listing.with_receipt(referral.receipt, Wanted("lumen"))) == [referral.receipt]
    assert receipts(listing.with_receipt(referral.receipt, Wanted("lumen", Filter(stage=Stage.HELD)))) == []
    assert receipts(listing.with_receipt("AAAA-AAAA-AAAA-AAAA", Wanted("lumen"))) == []


@pytest.mark.parametrize("by", [{}, {"email": "maria.lopez@clinic.example"}, {"npi": "1234567893"}])
def test_another_campaigns_referrals_are_never_shown(office: Office, listing: ListingTable, by: dict[str, Any]) -> None:
    others = replace(aws.submitted(npi="1234567893"), campaign="another")
    office.referrals.add(others)
    assert receipts(listing.search(Wanted("lumen", **by))) == []
    assert receipts(listing.search(Wanted("another", **by))) == [others.receipt]
    assert receipts(listing.with_receipt(others.receipt, Wanted("lumen"))) == []
    # Nor by its place.
    cursor = Place(timestamp(NOW + timedelta(days=1)), others.receipt).text
    assert receipts(listing.search(Wanted("lumen", **by), cursor)) == []


# ---- Rare things, and lag --------------------------------------------------------------------------------------------


def test_a_rare_search_stops_where_its_units_end_and_goes_on_from_there(
    office: Office, listing: ListingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_table, "MOST_UNITS", 1)
    [oldest] = put(office, first=NOW - timedelta(days=4), name="Delia Nunez")
    for days in range(4):
        put(office, 40, first=NOW - timedelta(days=days))
    found = list(pages(listing, Wanted("lumen", words=("delia",))))
    assert len(found) > 1
    assert [receipts(page) for page in found] == [[]] * (len(found) - 1) + [[oldest.receipt]]
    back_to = [page.searched_back_to for page in found[:-1]]
    assert None not in back_to
    assert back_to == sorted(back_to, reverse=True)  # type: ignore[type-var]


def test_a_row_that_the_index_still_has_as_it_was_is_left_out(
    office: Office, listing: ListingTable, client: "DynamoDBClient", table: str
) -> None:
    put(office, 2)
    lagging = replace(aws.submitted(), stage=Stage.HELD, reason="trap", due_at=NOW + decisions.REVIEW_EVERY)
    # As an index that lags behind has it: `stage` and `waits_for` are not what the rest of the item says.
    image = to_item(replace(lagging, stage=Stage.CLOSED, reason="rejected", due_at=None))
    keys = {"waits_for": typed("lumen/by_post"), "waits_since": typed(timestamp(NOW))}
    client.put_item(TableName=table, Item={**image, **keys, "search_name": typed("somebody else")})
    assert receipts(listing.work("lumen", Kind.BY_POST)) == []
    assert receipts(listing.search(Wanted("lumen", words=("somebody",)))) == []
    assert len(listing.search(Wanted("lumen")).referrals) == 3


def test_what_was_erased_since_is_left_out(office: Office, listing: ListingTable) -> None:
    [there] = put(office)
    gone = Place(timestamp(NOW), "AAAA-AAAA-AAAA-AAAA")
    here = Place(timestamp(NOW), there.receipt)
    found, units = listing._read([gone, here], is_consistent=True)
    assert ([one.receipt for one in found], units > 0) == ([there.receipt], True)


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30", Place("2019-01-01T00:00:00.000Z", "K3QF-7ZTA-MM2X-PE5R").text, "Ä" * 50, "A" * 3000],
)
def test_a_cursor_that_is_none_is_refused(listing: ListingTable, cursor: str) -> None:
    with pytest.raises(BadCursor):
        listing.search(Wanted("lumen", Filter(NOW.date(), NOW.date())), cursor)


# ---- What waits for a person -----------------------------------------------------------------------------------------


def test_each_kind_lists_its_own_the_oldest_first(office: Office, listing: ListingTable) -> None:
    held = [office.put(decisions.hold(Reason.TRAP, NOW + timedelta(hours=hours))) for hours in (3, 1, 2)]
    failed, by_post, called = office.held(Reason.GIVEN_UP), office.by_post(), office.put()
    office.referrals.answer(called.receipt, Answer.CALL, LATER)
    office.put()

    work = {kind: listing.work("lumen", kind) for kind in Kind}

    assert receipts(work[Kind.HELD]) == receipts([held[1], held[2], held[0]])
    assert [receipts(work[kind]) for kind in (Kind.FAILED, Kind.BY_POST, Kind.CALL)] == [
        [failed.receipt],
        [by_post.receipt],
        [called.receipt],
    ]
    assert [one.waits_since for one in work[Kind.CALL].referrals] == [LATER]
    assert {kind: (one.count, one.is_more) for kind, one in listing.waiting("lumen").items()} == {
        Kind.HELD: (3, False),
        Kind.FAILED: (1, False),
        Kind.BY_POST: (1, False),
        Kind.CALL: (1, False),
    }
    assert listing.waiting("another")[Kind.HELD].count == 0


def test_the_work_list_has_pages(office: Office, listing: ListingTable) -> None:
    for minutes in range(PAGE + 2):
        office.put(decisions.hold(Reason.TRAP, NOW + timedelta(minutes=minutes)))
    first = listing.work("lumen", Kind.HELD)
    second = listing.work("lumen", Kind.HELD, first.cursor)
    assert (len(first.referrals), len(second.referrals), second.cursor) == (PAGE, 2, None)
    since = [one.waits_since for page in (first, second) for one in page.referrals]
    assert since == [NOW + timedelta(minutes=minutes) for minutes in range(PAGE + 2)]


def test_more_than_a_hundred_are_counted_as_a_hundred_and_more(
    office: Office, listing: ListingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_table, "MOST_COUNTED", 3)
    for _ in range(5):
        office.held()
    assert listing.waiting("lumen")[Kind.HELD] == listing_table.Capped(3, is_more=True)


def test_what_a_person_did_takes_it_off_the_list(office: Office, listing: ListingTable) -> None:
    office.do(Action.APPROVE, office.held())
    office.do(Action.REJECT, office.held(), reason="other")
    office.do(Action.RETRY, office.held(Reason.GIVEN_UP))
    office.do(Action.ADD_EMAIL, office.by_post(), email="maria@clinic.example")
    called = office.put()
    office.referrals.answer(called.receipt, Answer.CALL, LATER)
    office.do(Action.CALLED_BACK, office.now(called))
    assert {one.count for one in listing.waiting("lumen").values()} == {0}


@pytest.mark.parametrize("fact", [Closing.OPTED_OUT, Closing.COMPLAINED])
def test_a_doctor_who_wanted_a_call_and_then_nothing_more_is_not_called(
    office: Office, listing: ListingTable, look: aws.Look, fact: Closing
) -> None:
    referral = office.put()
    office.referrals.answer(referral.receipt, Answer.CALL, NOW)
    office.referrals.close(referral.receipt, fact, LATER)
    assert listing.waiting("lumen")[Kind.CALL].count == 0
    assert not {"waits_for", "waits_since"} & look.referral(referral).keys()


def test_what_a_robot_may_have_sent_waits_from_the_first_write_on(office: Office, listing: ListingTable) -> None:
    held = bot_detection.held(samples.referral(), Reason.TRAP, NOW)
    office.referrals.add(held)
    [found] = listing.work("lumen", Kind.HELD).referrals
    assert (found.receipt, found.waits_since) == (held.receipt, NOW)
