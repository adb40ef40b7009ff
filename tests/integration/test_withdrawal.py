"""A patient takes a referral back."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
from tests.integration.life import Life, living
from tests.support import events

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DOCTOR = {"name": "Maria Lopez", "email": "maria@clinic.example"}
BY_PHONE = {"name": "Maria Lopez", "phone": "217 555 0123"}


@pytest.fixture
def life(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Life]:
    with living(client, secret_names, monkeypatch) as life:
        yield life


def now(life: Life, receipt: str) -> Referral:
    return from_item(life.look.items()[f"referral#{receipt}"])


def withdraw(life: Life, receipt: str, **headers: str) -> Any:
    return life.invoke("intake", events.post_withdrawal(receipt, **headers))


def test_a_referral_is_withdrawn_until_something_was_sent(life: Life) -> None:
    receipt = life.submit(doctor=DOCTOR)
    for _ in range(2):  # A second click gets the same response.
        answer = withdraw(life, receipt)
        assert (answer["statusCode"], json.loads(answer["body"])["state"]) == (200, "withdrawn")
    life.reach(receipt)
    assert (now(life, receipt).reason, life.mail.sent) == ("withdrawn", [])


def test_after_a_message_it_is_too_late(life: Life) -> None:
    receipt = life.submit(doctor=DOCTOR)
    life.reach(receipt)
    answer = withdraw(life, receipt)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (409, "too_late")
    page = withdraw(life, receipt, accept="text/html", content_type="application/x-www-form-urlencoded")
    assert page["statusCode"] == 409
    assert "too late to take it back" in page["body"]
    assert now(life, receipt).stage == "sent"


def test_an_unknown_receipt_is_not_found(life: Life) -> None:
    assert withdraw(life, "AAAA-AAAA-AAAA-AAAA")["statusCode"] == 404


def test_a_joined_referral_takes_the_place_of_a_withdrawn_one(life: Life) -> None:
    leader, follower = life.submit(doctor=BY_PHONE), life.submit(doctor=BY_PHONE)
    life.reach(leader)
    life.reach(follower)
    assert (now(life, leader).stage, now(life, follower).reason) == ("by_post", "joined")
    withdraw(life, leader)
    life.clock.shift(timedelta(days=8))
    life.wake()
    life.reach(follower)
    assert (now(life, leader).reason, now(life, follower).stage) == ("withdrawn", "by_post")


def test_the_status_page_offers_the_withdrawal_while_it_is_possible(life: Life) -> None:
    receipt = life.submit(doctor=DOCTOR)
    page = events.get_status(receipt, accept="text/html")
    assert f'action="/api/referrals/{receipt}/withdrawal' in life.invoke("intake", page)["body"]
    life.reach(receipt)
    assert "withdrawal" not in life.invoke("intake", page)["body"]
