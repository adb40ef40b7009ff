"""Groups of held referrals: one row of the list of tasks, and no member is ever invisible."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws import listing_table
from referral_intake.aws.held_groups import HeldRows, group_key
from referral_intake.aws.item_format import plain, referral_key, typed
from referral_intake.aws.listing_table import PAGE, CappedCount, ListingTable
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core import decisions
from referral_intake.core.errors import Unavailable
from referral_intake.core.limits import GroupKind
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, Stage, new_referral
from referral_intake.core.submission import parse
from referral_intake.core.tasks import TaskKind
from referral_intake.dashboard.action_types import Action
from referral_intake.intake import submissions as intake
from referral_intake.intake.suspected import SuspectedSubmissions
from referral_intake.web.pages import Site
from tests.integration import aws
from tests.integration.referral_actions import ReferralActions
from tests.support import events, proofs, samples
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

GROUP = "domain-3fa9c1e2d4b5a697"
MOVE = decisions.hold(Reason.MANY_AT_ONE_DOMAIN, NOW, group=GROUP)
SITE = Site(samples.TEMPLATES, "https://spine.example", samples.CAMPAIGNS)


@pytest.fixture
def listing(client: "DynamoDBClient", table: str) -> ListingTable:
    return ListingTable(client, table)


@pytest.fixture
def actions(client: "DynamoDBClient", table: str) -> ReferralActions:
    return ReferralActions(client, table)


def held(listing: ListingTable, group: str | None = None, cursor: str | None = None) -> list[str]:
    return [one.receipt for one in listing.tasks("lumen", TaskKind.HELD, cursor, group).referrals]


def groups(listing: ListingTable) -> dict[str, CappedCount]:
    return {one.name: one.count for one in listing.tasks("lumen", TaskKind.HELD).groups}


def count(listing: ListingTable) -> int:
    return listing.count_tasks("lumen")[TaskKind.HELD].count


def test_the_members_of_a_group_are_one_row(actions: ReferralActions, listing: ListingTable) -> None:
    alone = actions.held(Reason.HONEYPOT)
    members = [actions.put(replace(MOVE, due_at=NOW + timedelta(days=7, minutes=minutes))) for minutes in range(3)]
    assert held(listing) == [alone.receipt]
    assert held(listing, GROUP) == [one.receipt for one in members]
    [group] = listing.tasks("lumen", TaskKind.HELD).groups
    assert (group.name, group.count, group.since) == (GROUP, CappedCount(3, is_more=False), NOW)
    assert count(listing) == 2
    assert listing.tasks("another", TaskKind.HELD, group=GROUP).referrals == []


def test_a_group_disappears_with_its_last_member(actions: ReferralActions, listing: ListingTable) -> None:
    members = [actions.put(MOVE) for _ in range(3)]
    actions.do(Action.APPROVE, members[0])
    actions.do(Action.REJECT, members[1], reason="other")
    assert groups(listing) == {GROUP: CappedCount(1, is_more=False)}
    assert actions.referrals.withdraw(members[2].receipt, NOW)
    assert (groups(listing), held(listing, GROUP), count(listing)) == ({}, [], 0)
    actions.put(MOVE)
    assert (groups(listing), count(listing)) == ({GROUP: CappedCount(1, is_more=False)}, 1)


def test_a_crash_before_the_member_is_written_leaves_no_row(
    actions: ReferralActions, listing: ListingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(ReferralTable, "update", crash)
        referral = aws.submitted()
        actions.referrals.add(referral)
        with pytest.raises(Unavailable):
            actions.referrals.move(referral, MOVE)
    assert (groups(listing), held(listing), count(listing)) == ({}, [], 0)
    actions.referrals.move(referral, MOVE)
    assert (held(listing, GROUP), count(listing)) == ([referral.receipt], 1)


def test_the_weekly_check_of_a_member_lists_a_lost_group_again(
    actions: ReferralActions, listing: ListingTable, client: "DynamoDBClient", table: str
) -> None:
    """The group's item can expire early, or be missing after a restore."""
    member = actions.put(MOVE)
    client.delete_item(TableName=table, Key=group_key("lumen", GROUP))
    assert (groups(listing), count(listing)) == ({}, 0)
    later = NOW + decisions.REVIEW_INTERVAL
    assert actions.referrals.due("lumen", later, 10) == [member.receipt]
    actions.referrals.move(member, decisions.decide_due(member, samples.campaign(), later))
    assert (groups(listing), held(listing, GROUP)) == ({GROUP: CappedCount(1, is_more=False)}, [member.receipt])


def test_a_groups_item_outlives_the_next_check_of_its_members(
    actions: ReferralActions, client: "DynamoDBClient", table: str
) -> None:
    member = actions.put(MOVE)
    item = plain(client.get_item(TableName=table, Key=group_key("lumen", GROUP))["Item"])
    assert member.due_at
    assert int(item["expires"]) > (member.due_at + timedelta(days=20)).timestamp()


def test_pages_continue_after_a_group_and_within_one(actions: ReferralActions, listing: ListingTable) -> None:
    for minutes in range(PAGE + 3):
        group = f"domain-{minutes:016x}" if minutes in {0, PAGE - 1} else None
        actions.put(replace(MOVE, due_at=MOVE.due_at and MOVE.due_at + timedelta(minutes=minutes), group=group))
    first = listing.tasks("lumen", TaskKind.HELD)
    assert (len(first.referrals), len(first.groups)) == (PAGE - 2, 2)
    second = listing.tasks("lumen", TaskKind.HELD, first.cursor)
    assert (len(second.referrals), len(second.groups), second.cursor) == (3, 0, None)
    members = [actions.put(replace(MOVE, due_at=NOW + timedelta(days=9, minutes=one))) for one in range(PAGE + 2)]
    page = listing.tasks("lumen", TaskKind.HELD, None, GROUP)
    assert [one.receipt for one in page.referrals] + held(listing, GROUP, page.cursor) == [
        one.receipt for one in members
    ]


def test_a_group_is_counted_up_to_a_hundred(
    actions: ReferralActions, listing: ListingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_table, "MAX_COUNTED", 3)
    for _ in range(5):
        actions.put(MOVE)
    assert groups(listing) == {GROUP: CappedCount(3, is_more=True)}
    assert count(listing) == 1


def test_a_group_that_an_earlier_version_left_on_a_referral_is_ignored(
    actions: ReferralActions, client: "DynamoDBClient", table: str
) -> None:
    """An earlier version moves a referral without removing its group."""
    referral = actions.put()
    client.update_item(
        TableName=table,
        Key=referral_key(referral.receipt),
        UpdateExpression="SET #g = :g",
        ExpressionAttributeNames={"#g": "group"},
        ExpressionAttributeValues={":g": typed(GROUP)},
    )
    assert actions.now(referral).group is None


def test_a_day_has_a_number_of_rows_for_each_kind(client: "DynamoDBClient", table: str) -> None:
    rows = HeldRows(client, table, 3)
    kind = GroupKind.UNPROVEN
    found = [rows.group_for("lumen", str(number), kind, NOW) for number in range(5)]
    assert found == [None] * 3 + ["unproven-2026-11-23"] * 2
    assert rows.group_for("lumen", "2", kind, NOW) is None, "the same row again"
    assert rows.group_for("lumen", "x", GroupKind.SUSPICIOUS, NOW) is None
    assert rows.group_for("another", "x", kind, NOW) is None
    assert rows.group_for("lumen", "x", kind, NOW + timedelta(days=1)) is None


# ---- At arrival ----


def send(client: "DynamoDBClient", table: str, sent: dict[str, Any]) -> int:
    parts = proofs.intake(ReferralTable(client, table), SITE, SuspectedSubmissions(client, table, 20))
    return int(intake.respond(events.post_json(sent), parts, NOW)["statusCode"])


def test_only_suspected_submissions_are_counted(
    client: "DynamoDBClient", table: str, listing: ListingTable, request_counter: aws.RequestCounter
) -> None:
    suspected = samples.payload()
    for sent, status, requests in (
        (proofs.with_proof(samples.payload()), 201, {"PutItem": 1}),
        (suspected, 201, {"PutItem": 1, "UpdateItem": 2}),
        (samples.payload(), 201, {"PutItem": 1, "UpdateItem": 2}),
        (suspected, 200, {"PutItem": 1, "UpdateItem": 2}),
        (samples.payload(), 201, {"PutItem": 1, "UpdateItem": 2}),
        (samples.payload(), 201, {"PutItem": 1, "UpdateItem": 3}),
    ):
        request_counter.by_operation.clear()
        assert send(client, table, sent) == status
        assert request_counter.by_operation == requests
    [(name, one)] = groups(listing).items()
    assert (name.partition("-")[0], one.count, len(held(listing))) == ("source", 1, 3)


def test_a_referral_keeps_its_group_when_it_is_stored(actions: ReferralActions) -> None:
    made = new_referral(parse(samples.payload(), samples.CAMPAIGNS.get), NOW, "source", "network")
    stored: Referral = replace(made, stage=Stage.HELD, reason="unproven", group=GROUP)
    actions.referrals.add(stored)
    found = actions.now(stored)
    assert (found.group, found.source, found.network) == (GROUP, "source", "network")
