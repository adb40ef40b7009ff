"""A patient takes a referral back."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
from tests.integration.handler_harness import HandlerHarness, handler_harness
from tests.support import events

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DOCTOR = {"name": "Maria Lopez", "email": "maria@clinic.example"}
DAY = timedelta(days=1, minutes=1)
BY_PHONE = {"name": "Maria Lopez", "phone": "217 555 0123"}


@pytest.fixture
def harness(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[HandlerHarness]:
    with handler_harness(client, secret_names, monkeypatch) as harness:
        yield harness


def now(harness: HandlerHarness, receipt: str) -> Referral:
    return from_item(harness.table_reader.items()[f"referral#{receipt}"])


def withdraw(harness: HandlerHarness, receipt: str, **headers: str) -> Any:
    return harness.invoke("intake", events.post_withdrawal(receipt, **headers))


def test_a_referral_is_withdrawn_until_something_was_sent(harness: HandlerHarness) -> None:
    receipt = harness.submit(doctor=DOCTOR)
    for _ in range(2):  # A second click gets the same response.
        answer = withdraw(harness, receipt)
        assert (answer["statusCode"], json.loads(answer["body"])["state"]) == (200, "withdrawn")
    harness.deliver_records(receipt)
    assert (now(harness, receipt).reason, harness.mail.sent) == ("withdrawn", [])


def test_a_day_after_a_message_it_is_too_late(harness: HandlerHarness) -> None:
    receipt = harness.submit(doctor=DOCTOR)
    harness.deliver_records(receipt)
    harness.clock.shift(DAY)
    answer = withdraw(harness, receipt)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (409, "too_late")
    page = withdraw(harness, receipt, accept="text/html", content_type="application/x-www-form-urlencoded")
    assert page["statusCode"] == 409
    assert "too late to take it back" in page["body"]
    assert "?lang=" not in page["body"], "the response to a POST has no URL"
    assert now(harness, receipt).stage == "sent"


def test_in_a_browser_a_withdrawal_leads_to_the_status_page(harness: HandlerHarness) -> None:
    receipt = harness.submit(doctor=DOCTOR)
    answer = withdraw(harness, receipt, accept="text/html", content_type="application/x-www-form-urlencoded")
    assert (answer["statusCode"], answer["headers"]["location"]) == (303, f"/api/referrals/{receipt}")
    assert now(harness, receipt).reason == "withdrawn"


def test_an_unknown_receipt_is_not_found(harness: HandlerHarness) -> None:
    assert withdraw(harness, "AAAA-AAAA-AAAA-AAAA")["statusCode"] == 404


def test_a_joined_referral_takes_the_place_of_a_withdrawn_one(harness: HandlerHarness) -> None:
    leader, follower = harness.submit(doctor=BY_PHONE), harness.submit(doctor=BY_PHONE)
    harness.deliver_records(leader)
    harness.deliver_records(follower)
    assert (now(harness, leader).stage, now(harness, follower).reason) == ("by_post", "joined")
    withdraw(harness, leader)
    harness.clock.shift(timedelta(days=8))
    harness.wake()
    harness.deliver_records(follower)
    assert (now(harness, leader).reason, now(harness, follower).stage) == ("withdrawn", "by_post")


def test_the_status_page_offers_the_withdrawal_while_it_is_possible(harness: HandlerHarness) -> None:
    receipt = harness.submit(doctor=DOCTOR)
    page = events.get_status(receipt, accept="text/html")
    assert f'action="/api/referrals/{receipt}/withdrawal' in harness.invoke("intake", page)["body"]
    harness.deliver_records(receipt)
    assert f'action="/api/referrals/{receipt}/withdrawal' in harness.invoke("intake", page)["body"]
    harness.clock.shift(DAY)
    assert "withdrawal" not in harness.invoke("intake", page)["body"]


def test_a_withdrawal_after_the_message_stops_the_reminder(harness: HandlerHarness) -> None:
    receipt = harness.submit(doctor=DOCTOR)
    harness.deliver_records(receipt)
    assert json.loads(withdraw(harness, receipt)["body"])["state"] == "withdrawn"
    assert (now(harness, receipt).stage, "withdrawn" in now(harness, receipt).milestones) == ("sent", True)
    for _ in range(8):
        harness.clock.shift(timedelta(days=7))
        harness.wake()
        harness.deliver_records(receipt)
    assert len(harness.mail.sent) == 1
    assert json.loads(harness.invoke("intake", events.get_status(receipt))["body"])["state"] == "sent"


def test_a_withdrawal_while_the_message_is_sent_closes_what_was_refused(harness: HandlerHarness) -> None:
    receipt = harness.submit(doctor=DOCTOR)
    harness.mail.behavior = "defer"
    harness.deliver_records(receipt)
    harness.set_attributes(receipt, stage="sending")
    withdraw(harness, receipt)
    assert now(harness, receipt).stage == "sending"
    harness.set_attributes(receipt, stage="queued")
    harness.mail.behavior = "take"
    harness.deliver_records(receipt)
    assert (now(harness, receipt).reason, harness.mail.sent) == ("withdrawn", [])
