"""An attacker names dead addresses, or complains, to stop the campaign or to ruin the reputation of its sender."""

from datetime import UTC, datetime
from typing import Any

import pytest

from referral_intake.aws.breaker_table import breaker_key
from tests.abuse.visitors import Visitor
from tests.integration.handler_harness import HandlerHarness


@pytest.fixture
def attacker(harness: HandlerHarness) -> Visitor:
    return Visitor(harness, "203.0.113.7")


@pytest.fixture
def patient(harness: HandlerHarness) -> Visitor:
    return Visitor(harness, "198.51.100.20")


def were_delivered(harness: HandlerHarness, number: int) -> None:
    """Messages of this number were delivered today."""
    harness.client.update_item(
        TableName=harness.table,
        Key=breaker_key("lumen"),
        UpdateExpression="SET #delivered = :number",
        ExpressionAttributeNames={"#delivered": f"{datetime.now(UTC).date()}/delivered"},
        ExpressionAttributeValues={":number": {"N": str(number)}},
    )


def report(harness: HandlerHarness, kind: str, receipts: list[str], **details: Any) -> None:
    for receipt in receipts:
        harness.deliver_ses_event(kind, receipt, **details)


def test_five_dead_addresses_of_one_source_do_not_stop_the_campaign(
    harness: HandlerHarness, attacker: Visitor, patient: Visitor
) -> None:
    were_delivered(harness, 95)
    report(harness, "Bounce", [attacker.submit().receipt for _ in range(5)])
    assert patient.submit().stage == "sent"


def test_after_the_first_dead_address_the_source_reaches_no_other(
    harness: HandlerHarness, attacker: Visitor, patient: Visitor
) -> None:
    report(harness, "Bounce", [attacker.submit().receipt])
    assert {attacker.submit().reason for _ in range(3)} == {"source_bounced"}
    assert len(harness.mail.sent) == 1
    assert patient.submit().stage == "sent"


def test_two_complaints_of_one_source_do_not_stop_the_campaign(
    harness: HandlerHarness, attacker: Visitor, patient: Visitor
) -> None:
    were_delivered(harness, 2400)
    report(harness, "Complaint", [attacker.submit().receipt for _ in range(2)])
    assert patient.submit().stage == "sent"


@pytest.mark.parametrize(
    "details",
    [{"bounceSubType": "OnAccountSuppressionList"}, {"bounceSubType": "Suppressed"}],
    ids=lambda details: details["bounceSubType"],
)
def test_addresses_that_ses_did_not_try_do_not_stop_the_campaign(
    harness: HandlerHarness, patient: Visitor, details: dict[str, str]
) -> None:
    were_delivered(harness, 95)
    for number in range(5):
        receipt = Visitor(harness, f"203.0.113.{number}").submit().receipt
        report(harness, "Bounce", [receipt], **details)
    assert patient.submit().stage == "sent"


def test_dead_addresses_of_many_sources_stop_the_campaign_before_ses_stops_the_account(
    harness: HandlerHarness, patient: Visitor
) -> None:
    were_delivered(harness, 95)
    for number in range(5):
        report(harness, "Bounce", [Visitor(harness, f"203.0.113.{number}").submit().receipt])
    waiting = patient.submit()
    assert (waiting.stage, waiting.reason) == ("waiting", "paused")
