"""Search and list of referrals in the table: newest first, in pages, with a limited number of read units."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws import listing_table
from referral_intake.aws.cursors import BadCursor, ListingPosition
from referral_intake.aws.item_format import timestamp, to_item, typed
from referral_intake.aws.listing_table import PAGE, ListingTable, Page
from referral_intake.core import decisions
from referral_intake.core.mailboxes import mailbox
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Referral, Stage
from referral_intake.core.search_filter import Filter, SearchCriteria, search_words
from referral_intake.core.tasks import TaskKind
from referral_intake.dashboard.action_types import Action
from referral_intake.intake import bot_detection
from tests.integration import aws
from tests.integration.referral_actions import LATER, ReferralActions
from tests.support import samples
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def listing(client: "DynamoDBClient", table: str) -> ListingTable:
    return ListingTable(client, table)


@pytest.fixture
def actions(client: "DynamoDBClient", table: str) -> ReferralActions:
    return ReferralActions(client, table)


def put(actions: ReferralActions, number: int = 1, *, first: datetime = NOW, **doctor: Any) -> list[Referral]:
    """The newest first, one minute apart."""
    added = [aws.submitted(first - timedelta(minutes=one), **doctor) for one in range(number)]
    for referral in added:
        actions.referrals.add(referral)
    return added


def receipts(page: Page | list[Referral]) -> list[str]:
    return [referral.receipt for referral in (page.referrals if isinstance(page, Page) else page)]


def pages(listing: ListingTable, criteria: SearchCriteria) -> Iterator[Page]:
    cursor = None
    while True:
        page = listing.search(criteria, cursor)
        yield page
        if (cursor := page.cursor) is None:
            return


# ---- Pages -----------------------------------------------------------------------------------------------------------


def test_pages_list_every_referral_once_in_descending_order(actions: ReferralActions, listing: ListingTable) -> None:
    added = put(actions, 2 * PAGE + 3)
    found = list(pages(listing, SearchCriteria("lumen")))
    assert [len(page.referrals) for page in found] == [PAGE, PAGE, 3]
    assert [receipt for page in found for receipt in receipts(page)] == receipts(added)
    assert [page.searched_back_to for page in found] == [NOW.date(), NOW.date(), None]


def test_a_page_with_all_results_has_no_cursor(actions: ReferralActions, listing: ListingTable) -> None:
    put(actions, PAGE)
    page = listing.search(SearchCriteria("lumen"))
    assert (len(page.referrals), page.cursor, page.searched_back_to) == (PAGE, None, None)


def test_referrals_with_the_same_time_are_all_found(actions: ReferralActions, listing: ListingTable) -> None:
    added = [aws.submitted() for _ in range(PAGE + 5)]
    for referral in added:
        actions.referrals.add(referral)
    found = [receipt for page in pages(listing, SearchCriteria("lumen")) for receipt in receipts(page)]
    assert sorted(found) == sorted(receipts(added))


def test_a_range_includes_both_days_in_utc(actions: ReferralActions, listing: ListingTable) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    moments = [midnight - timedelta(milliseconds=1), midnight, midnight + timedelta(days=1, milliseconds=-1)]
    _, early, late = [put(actions, first=moment)[0] for moment in moments]
    put(actions, first=midnight + timedelta(days=1))
    assert receipts(listing.search(SearchCriteria("lumen", Filter(midnight.date(), midnight.date())))) == receipts(
        [late, early]
    )


def test_a_page_reports_its_read_units(actions: ReferralActions, listing: ListingTable) -> None:
    put(actions, 3)
    assert 0 < listing.search(SearchCriteria("lumen")).units < 100


# ---- Search terms and filters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "criteria",
    [
        SearchCriteria("lumen", Filter(stage=Stage.HELD)),
        SearchCriteria("lumen", Filter(reason="trap")),
        SearchCriteria("lumen", Filter(state="TX")),
        SearchCriteria("lumen", Filter(specialty="neurosurgery")),
        SearchCriteria("lumen", words=search_words("núñez del")),
        SearchCriteria("lumen", Filter(None, None, Stage.HELD, "trap", "TX", "neurosurgery"), words=("delia",)),
    ],
)
def test_filters_find_all_matching_referrals_and_no_others(
    actions: ReferralActions, listing: ListingTable, criteria: SearchCriteria
) -> None:
    put(actions, 60, specialty="Oncology", address={"state": "IL"})
    held = put(
        actions, first=NOW - timedelta(days=9), name="Delia Nunez", specialty="Neurosurgeon", address={"state": "tx"}
    )
    actions.referrals.move(held[0], decisions.hold(Reason.HONEYPOT, NOW))
    page = listing.search(criteria)
    assert (receipts(page), page.cursor, page.searched_back_to) == (receipts(held), None, None)


def test_an_answer_is_found_together_with_other_filters(actions: ReferralActions, listing: ListingTable) -> None:
    wanted, others = actions.put(), [actions.put() for _ in range(3)]
    actions.referrals.answer(wanted.receipt, Answer.INFORMATION, LATER)
    actions.referrals.answer(others[0].receipt, Answer.CALL, LATER)
    for chosen in (Filter(answer=Answer.INFORMATION), Filter(answer=Answer.INFORMATION, reason="answered")):
        assert receipts(listing.search(SearchCriteria("lumen", chosen))) == [wanted.receipt]
    assert not receipts(listing.search(SearchCriteria("lumen", Filter(answer=Answer.INFORMATION, reason="trap"))))


def test_doctors_without_a_state_can_be_found(actions: ReferralActions, listing: ListingTable) -> None:
    put(actions, address={"state": "IL"})
    [without] = put(actions)
    assert receipts(listing.search(SearchCriteria("lumen", Filter(state="none")))) == [without.receipt]


@pytest.mark.parametrize("typed_before", ["maria.lopez@clinic.example", "Maria.Lopez+Spine@Clinic.EXAMPLE"])
@pytest.mark.parametrize("search", ["maria.lopez@clinic.example", "MARIA.LOPEZ+x@CLINIC.example"])
def test_an_address_is_found_in_any_spelling(
    actions: ReferralActions, listing: ListingTable, typed_before: str, search: str
) -> None:
    put(actions, 3, email="somebody@clinic.example")
    [its] = put(actions, email=typed_before)
    assert receipts(listing.search(SearchCriteria("lumen", email=mailbox(search)))) == [its.receipt]


def test_an_npi_is_found_within_the_range_newest_first(actions: ReferralActions, listing: ListingTable) -> None:
    put(actions, 2)
    old, new = (put(actions, first=NOW - timedelta(days=days), npi="1234567893")[0] for days in (5, 0))
    assert receipts(listing.search(SearchCriteria("lumen", npi="1234567893"))) == receipts([new, old])
    assert receipts(
        listing.search(SearchCriteria("lumen", Filter(last=old.submitted_at.date()), npi="1234567893"))
    ) == [old.receipt]


def test_a_referral_is_found_by_an_address_that_a_person_added(actions: ReferralActions, listing: ListingTable) -> None:
    added = actions.by_post()
    actions.do(Action.ADD_EMAIL, added, email="Maria.Lopez@Found.EXAMPLE")
    assert receipts(listing.search(SearchCriteria("lumen", email="maria.lopez@found.example"))) == [added.receipt]


def test_a_receipt_is_found_only_if_the_filters_match(actions: ReferralActions, listing: ListingTable) -> None:
    [referral] = put(actions)
    assert receipts(listing.find_receipt(referral.receipt, SearchCriteria("lumen"))) == [referral.receipt]
    assert receipts(listing.find_receipt(referral.receipt, SearchCriteria("lumen", Filter(stage=Stage.HELD)))) == []
    assert receipts(listing.find_receipt("AAAA-AAAA-AAAA-AAAA", SearchCriteria("lumen"))) == []


@pytest.mark.parametrize("by", [{}, {"email": "maria.lopez@clinic.example"}, {"npi": "1234567893"}])
def test_referrals_of_another_campaign_are_never_listed(
    actions: ReferralActions, listing: ListingTable, by: dict[str, Any]
) -> None:
    others = replace(aws.submitted(npi="1234567893"), campaign="another")
    actions.referrals.add(others)
    assert receipts(listing.search(SearchCriteria("lumen", **by))) == []
    assert receipts(listing.search(SearchCriteria("another", **by))) == [others.receipt]
    assert receipts(listing.find_receipt(others.receipt, SearchCriteria("lumen"))) == []
    # Also not by its position.
    cursor = ListingPosition(timestamp(NOW + timedelta(days=1)), others.receipt).encoded
    assert receipts(listing.search(SearchCriteria("lumen", **by), cursor)) == []


# ---- Rare results and stale index entries ----------------------------------------------------------------------------


def test_a_rare_search_stops_at_its_read_limit_and_continues_from_there(
    actions: ReferralActions, listing: ListingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_table, "MAX_UNITS", 1)
    [oldest] = put(actions, first=NOW - timedelta(days=4), name="Delia Nunez")
    for days in range(4):
        put(actions, 40, first=NOW - timedelta(days=days))
    found = list(pages(listing, SearchCriteria("lumen", words=("delia",))))
    assert len(found) > 1
    assert [receipts(page) for page in found] == [[]] * (len(found) - 1) + [[oldest.receipt]]
    back_to = [page.searched_back_to for page in found[:-1]]
    assert None not in back_to
    assert back_to == sorted(back_to, reverse=True)  # type: ignore[type-var]


def test_a_stale_entry_of_the_index_is_omitted(
    actions: ReferralActions, listing: ListingTable, client: "DynamoDBClient", table: str
) -> None:
    put(actions, 2)
    lagging = replace(aws.submitted(), stage=Stage.HELD, reason="trap", due_at=NOW + decisions.REVIEW_INTERVAL)
    # A stale index entry: `stage` and `task_kind` contradict the rest of the item.
    image = to_item(replace(lagging, stage=Stage.CLOSED, reason="rejected", due_at=None))
    keys = {"waits_for": typed("lumen/by_post"), "waits_since": typed(timestamp(NOW))}
    client.put_item(TableName=table, Item={**image, **keys, "search_name": typed("somebody else")})
    assert receipts(listing.tasks("lumen", TaskKind.BY_POST)) == []
    assert receipts(listing.search(SearchCriteria("lumen", words=("somebody",)))) == []
    assert len(listing.search(SearchCriteria("lumen")).referrals) == 3


def test_an_erased_referral_is_omitted(actions: ReferralActions, listing: ListingTable) -> None:
    [there] = put(actions)
    gone = ListingPosition(timestamp(NOW), "AAAA-AAAA-AAAA-AAAA")
    here = ListingPosition(timestamp(NOW), there.receipt)
    found, units = listing._read([gone, here], is_consistent=True)
    assert ([one.receipt for one in found], units > 0) == ([there.receipt], True)


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30", ListingPosition("2019-01-01T00:00:00.000Z", "K3QF-7ZTA-MM2X-PE5R").encoded, "Ä" * 50, "A" * 3000],
)
def test_an_invalid_cursor_is_refused(listing: ListingTable, cursor: str) -> None:
    with pytest.raises(BadCursor):
        listing.search(SearchCriteria("lumen", Filter(NOW.date(), NOW.date())), cursor)


# ---- Tasks -----------------------------------------------------------------------------------------------------------


def test_each_kind_of_task_is_listed_oldest_first(actions: ReferralActions, listing: ListingTable) -> None:
    held = [actions.put(decisions.hold(Reason.HONEYPOT, NOW + timedelta(hours=hours))) for hours in (3, 1, 2)]
    failed, by_post, called = actions.held(Reason.RETRIES_EXHAUSTED), actions.by_post(), actions.put()
    actions.referrals.answer(called.receipt, Answer.CALL, LATER)
    referral = actions.put()
    actions.referrals.answer(referral.receipt, Answer.INFORMATION, LATER)
    actions.put()

    work = {kind: listing.tasks("lumen", kind) for kind in TaskKind}

    assert receipts(work[TaskKind.HELD]) == receipts([held[1], held[2], held[0]])
    assert [
        receipts(work[kind]) for kind in (TaskKind.FAILED, TaskKind.BY_POST, TaskKind.CALL, TaskKind.INFORMATION)
    ] == [
        [failed.receipt],
        [by_post.receipt],
        [called.receipt],
        [referral.receipt],
    ]
    assert [one.waits_since for one in work[TaskKind.CALL].referrals] == [LATER]
    assert {kind: (one.count, one.is_more) for kind, one in listing.count_tasks("lumen").items()} == {
        TaskKind.HELD: (3, False),
        TaskKind.FAILED: (1, False),
        TaskKind.BY_POST: (1, False),
        TaskKind.CALL: (1, False),
        TaskKind.INFORMATION: (1, False),
    }
    assert listing.count_tasks("another")[TaskKind.HELD].count == 0


def test_the_task_list_has_pages(actions: ReferralActions, listing: ListingTable) -> None:
    for minutes in range(PAGE + 2):
        actions.put(decisions.hold(Reason.HONEYPOT, NOW + timedelta(minutes=minutes)))
    first = listing.tasks("lumen", TaskKind.HELD)
    second = listing.tasks("lumen", TaskKind.HELD, first.cursor)
    assert (len(first.referrals), len(second.referrals), second.cursor) == (PAGE, 2, None)
    since = [one.waits_since for page in (first, second) for one in page.referrals]
    assert since == [NOW + timedelta(minutes=minutes) for minutes in range(PAGE + 2)]


def test_more_than_a_hundred_tasks_are_counted_as_more_than_a_hundred(
    actions: ReferralActions, listing: ListingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_table, "MAX_COUNTED", 3)
    for _ in range(5):
        actions.held()
    assert listing.count_tasks("lumen")[TaskKind.HELD] == listing_table.CappedCount(3, is_more=True)


def test_a_completed_task_leaves_the_list(actions: ReferralActions, listing: ListingTable) -> None:
    actions.do(Action.APPROVE, actions.held())
    actions.do(Action.REJECT, actions.held(), reason="other")
    actions.do(Action.RETRY, actions.held(Reason.RETRIES_EXHAUSTED))
    actions.do(Action.ADD_EMAIL, actions.by_post(), email="maria@clinic.example")
    called = actions.put()
    actions.referrals.answer(called.receipt, Answer.CALL, LATER)
    actions.do(Action.CALLED_BACK, actions.now(called))
    referral = actions.put()
    actions.referrals.answer(referral.receipt, Answer.INFORMATION, LATER)
    actions.do(Action.INFORMATION_SENT, actions.now(referral))
    assert {one.count for one in listing.count_tasks("lumen").values()} == {0}


@pytest.mark.parametrize("fact", [Closing.OPTED_OUT, Closing.COMPLAINED])
def test_a_doctor_who_declined_after_requesting_a_call_is_not_called(
    actions: ReferralActions, listing: ListingTable, table_reader: aws.TableReader, fact: Closing
) -> None:
    referral = actions.put()
    actions.referrals.answer(referral.receipt, Answer.CALL, NOW)
    actions.referrals.close(referral.receipt, fact, LATER)
    assert listing.count_tasks("lumen")[TaskKind.CALL].count == 0
    assert not {"waits_for", "waits_since"} & table_reader.referral(referral).keys()


def test_a_suspected_bot_submission_is_a_task_from_its_first_write(
    actions: ReferralActions, listing: ListingTable
) -> None:
    held = bot_detection.hold_for_review(samples.referral(), Reason.HONEYPOT, NOW)
    actions.referrals.add(held)
    [found] = listing.tasks("lumen", TaskKind.HELD).referrals
    assert (found.receipt, found.waits_since) == (held.receipt, NOW)
