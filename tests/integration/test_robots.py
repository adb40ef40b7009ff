"""Suspected bot submissions in the table: held by the same single request that stores any referral."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.aws.item_format import plain
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.decisions import REVIEW_INTERVAL, approve, decide_due
from referral_intake.core.referral import Stage
from referral_intake.intake import submissions as intake
from referral_intake.web.pages import Site
from tests.integration import aws
from tests.support import events, proofs, samples
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SITE = Site(samples.TEMPLATES, "https://spine.example", samples.CAMPAIGNS)


def send(referrals: ReferralTable, sent: dict[str, Any]) -> int:
    response = intake.respond(events.post_json(sent), proofs.intake(referrals, SITE), NOW)
    return int(response["statusCode"])


def only_item(client: "DynamoDBClient", table: str) -> dict[str, Any]:
    [item] = client.scan(TableName=table)["Items"]
    return plain(item)


def test_a_held_referral_is_stored_with_exactly_one_request(
    client: "DynamoDBClient", table: str, referrals: ReferralTable, request_counter: aws.RequestCounter
) -> None:
    assert send(referrals, samples.payload(comments="marked")) == 201
    assert request_counter.by_operation == {"PutItem": 1}
    item = only_item(client, table)
    assert (item["stage"], item["reason"]) == ("held", "trap")
    assert not {"challenge", "comments"} & set(item)
    assert "marked" not in repr(item)


def test_a_replayed_challenge_finds_its_item_with_one_request(
    client: "DynamoDBClient", table: str, referrals: ReferralTable, request_counter: aws.RequestCounter
) -> None:
    sent = proofs.with_proof(samples.payload())
    assert send(referrals, sent) == 201
    before = only_item(client, table)
    request_counter.by_operation.clear()
    assert send(referrals, sent) == 200
    assert request_counter.by_operation == {"PutItem": 1}
    assert only_item(client, table) == before


def test_a_challenge_sends_no_request_to_the_table(
    referrals: ReferralTable, request_counter: aws.RequestCounter
) -> None:
    intake.respond(events.get_challenge("0" * 64), proofs.intake(referrals, SITE), NOW)
    assert request_counter.by_operation == {}


def test_a_held_referral_is_due_each_week_until_a_person_approves_it(
    client: "DynamoDBClient", table: str, referrals: ReferralTable
) -> None:
    send(referrals, samples.payload())
    receipt = only_item(client, table)["receipt"]
    later = NOW + REVIEW_INTERVAL
    assert referrals.due("lumen", later - timedelta(seconds=1), 10) == []
    assert referrals.due("lumen", later, 10) == [receipt]

    held = referrals.get(receipt)
    assert held
    referrals.move(held, decide_due(held, samples.campaign(), later))
    held = referrals.get(receipt)
    assert held
    assert (held.stage, held.reason, held.due_at) == (Stage.HELD, "unproven", later + REVIEW_INTERVAL)

    referrals.move(held, approve(later))
    let_go = referrals.get(receipt)
    assert let_go
    assert (let_go.stage, let_go.reason, let_go.is_vetted) == (Stage.QUEUED, None, True)
