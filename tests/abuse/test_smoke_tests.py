"""An attacker tries to send a referral as a smoke test, which no limit and no number counts."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from referral_intake.aws import smoke_test_marks
from referral_intake.aws.item_format import plain
from referral_intake.aws.sent_messages import message_key
from referral_intake.core.referral import receipt_for
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard, events, proofs, samples

SIMULATOR = {"name": "Smoke Test", "email": "success@simulator.amazonses.com"}


def signed(harness: HandlerHarness, **fields: Any) -> dict[str, Any]:
    """A smoke test of the operator, who can read the keys."""
    sent = samples.payload(doctor=SIMULATOR) | fields
    keys = harness._keys()
    return sent | {"smoke_test": smoke_test_marks.mark_of(keys.keys[keys.current], uuid.UUID(sent["submission_id"]))}


def post(harness: HandlerHarness, sent: dict[str, Any]) -> int:
    issued_at = datetime.now(UTC) - proofs.MINUTE
    return int(harness.post(proofs.with_proof(sent, harness._keys, issued_at, "198.51.100.170"))["statusCode"])


def kinds(harness: HandlerHarness) -> set[str]:
    return {key.partition("#")[0] for key in harness.table_reader.items()}


@pytest.mark.parametrize("mark", ["1", "0" * 64, True, {"a": 1}, ["x"], "\ud800", "é"])
def test_a_submission_with_a_forged_mark_is_refused_and_not_stored(harness: HandlerHarness, mark: object) -> None:
    assert post(harness, samples.payload() | {"smoke_test": mark}) == 400
    assert kinds(harness) == set()


def test_the_mark_of_one_test_is_refused_for_another_submission(harness: HandlerHarness) -> None:
    seen = signed(harness)["smoke_test"]
    assert post(harness, samples.payload(smoke_test=seen)) == 400
    assert kinds(harness) == set()


@pytest.mark.parametrize("name", ["lumen.smoke-test", "lumen.smoke-test.smoke-test", ".smoke-test"])
def test_the_form_cannot_name_the_campaign_of_tests(harness: HandlerHarness, name: str) -> None:
    assert post(harness, samples.payload(campaign=name)) == 422
    assert kinds(harness) == set()


def test_an_empty_mark_counts_as_missing_so_the_referral_is_an_ordinary_one(harness: HandlerHarness) -> None:
    sent = samples.payload(smoke_test="")
    assert post(harness, sent) == 201
    assert plain(harness.item(receipt_for(uuid.UUID(sent["submission_id"]))))["campaign"] == "lumen"


def deliver(harness: HandlerHarness) -> str:
    sent = signed(harness)
    assert post(harness, sent) == 201
    receipt = receipt_for(uuid.UUID(sent["submission_id"]))
    harness.deliver_records(receipt)
    harness.deliver_ses_event("Delivery", receipt)
    harness.deliver_records(receipt)
    return receipt


def test_a_smoke_test_is_delivered_at_once_and_counts_for_nothing(
    harness: HandlerHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    receipts = [deliver(harness) for _ in range(3)]
    for receipt in receipts:
        item = plain(harness.item(receipt))
        assert "delivered" in item["milestones"]
        assert "source" not in item
        # DynamoDB deletes both after a day, if the smoke test is interrupted.
        key = message_key(receipt, "introduction")
        message = plain(harness.client.get_item(TableName=harness.table, Key=key)["Item"])
        assert 86_000 < float(item["expires"]) - datetime.now(UTC).timestamp() <= 86_400
        assert message["expires"] == item["expires"]
    assert harness.client.scan(TableName=f"{harness.table}-stats")["Items"] == []
    # No breaker, no source, no name: only the rate of sending, and the doctor who is the simulator.
    assert kinds(harness) == {"referral", "doctor", "pace", "feedback"}
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [one for one in metrics if "campaign" in one] == []


def ask(harness: HandlerHarness, method: str, path: str, data: object = None, query: str = "") -> Any:
    return harness.invoke("dashboard", dashboard.request(method, path, data, query=query, groups=dashboard.MANAGER))


def test_no_list_shows_a_smoke_test(harness: HandlerHarness) -> None:
    receipt = deliver(harness)
    for campaign, status in (("lumen", 200), ("lumen.smoke-test", 422)):
        email = {"email": "success@simulator.amazonses.com"}
        for search in ({"campaign": campaign}, {"campaign": campaign} | email):
            found = ask(harness, "POST", "/referrals/search", search)
            assert found["statusCode"] == status, found
            assert receipt not in found["body"]
        assert ask(harness, "GET", "/work", query=f"campaign={campaign}")["statusCode"] == status


def test_a_smoke_test_takes_no_step_from_a_referral_to_the_same_mailbox(harness: HandlerHarness) -> None:
    deliver(harness)
    receipt = harness.submit(doctor=SIMULATOR | {"name": "Maria Lopez"})
    harness.deliver_records(receipt)
    assert "sent" in plain(harness.item(receipt))["milestones"]


def test_the_status_page_of_a_smoke_test_exists(harness: HandlerHarness) -> None:
    receipt = deliver(harness)
    assert harness.invoke("intake", events.get_status(receipt))["statusCode"] == 200
