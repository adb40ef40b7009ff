"""An attacker solves challenges on one machine, and sends the forms from other people's networks."""

import json
import uuid
from typing import Any

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import receipt_for
from referral_intake.intake.bot_detection import binding_of
from tests.integration.handler_harness import HEADERS, HandlerHarness
from tests.support import events, proofs, samples

OWN, NEIGHBOR, VISITOR = "192.0.2.10", "192.0.2.200", "203.0.113.7"


def via(address: str) -> dict[str, str]:
    return {**HEADERS, "cloudfront_viewer_address": f"{address}:443"}


def solved(harness: HandlerHarness, address: str) -> dict[str, Any]:
    """A form with a solved challenge that was requested from this address."""
    number = uuid.uuid4()
    asked = events.get_challenge(binding_of(number), **via(address))
    challenge = json.loads(harness.invoke("intake", asked)["body"])["challenge"]
    harness.clock.shift(60)
    doctor = samples.doctor(email=f"{number.hex}@clinic.example", phone=None, npi=None)
    sent = samples.payload(submission_id=str(number), doctor=doctor)
    return sent | {"challenge": proofs.solve(challenge)}


def reason(harness: HandlerHarness, sent: dict[str, Any], address: str) -> str | None:
    """Sends the form from this address. Returns why its referral is held, if it is."""
    assert harness.invoke("intake", events.post_json(sent, **via(address)))["statusCode"] == 201
    return from_item(harness.item(receipt_for(uuid.UUID(sent["submission_id"])))).reason


def test_a_proof_is_valid_only_from_the_network_of_its_challenge(harness: HandlerHarness) -> None:
    assert reason(harness, solved(harness, OWN), OWN) is None
    assert reason(harness, solved(harness, OWN), VISITOR) == "unproven"


def test_proofs_solved_in_advance_are_of_no_use_to_visitors_of_another_page(harness: HandlerHarness) -> None:
    stock = [solved(harness, OWN) for _ in range(20)]
    reasons = [reason(harness, sent, f"203.0.{number}.7") for number, sent in enumerate(stock)]
    assert reasons == ["unproven"] * 20


@pytest.mark.parametrize(
    ("first", "second"),
    [(OWN, NEIGHBOR), ("2001:db8:1:2::3", "2001:db8:1:ffff::4"), ("::ffff:192.0.2.10", OWN)],
)
def test_a_phone_may_get_another_address_of_its_network(harness: HandlerHarness, first: str, second: str) -> None:
    assert reason(harness, solved(harness, first), second) is None


def test_a_challenge_reveals_no_address_and_nothing_is_stored(harness: HandlerHarness) -> None:
    before = harness.table_reader.items()
    asked = events.get_challenge("0" * 64, **via(VISITOR))
    assert VISITOR.rpartition(".")[0] not in harness.invoke("intake", asked)["body"]
    assert harness.table_reader.items() == before
