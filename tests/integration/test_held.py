"""The command for held referrals: a person lists them and decides."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cli import stacks
from cli.app import main
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core import decisions
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, Stage
from tests.integration import aws
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(autouse=True)
def stack(client: "DynamoDBClient", table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = NOW - datetime.now(UTC)
    monkeypatch.setattr(stacks, "find", lambda name: stacks.Stack(name, {"TableName": table}, ahead))


def held(*words: str) -> int:
    return main(["held", "--stack", "dev", *words])


def put(referrals: ReferralTable, reason: Reason, **doctor: str) -> Referral:
    referrals.add(referral := aws.submitted(NOW, **doctor))
    referrals.move(referral, decisions.hold(reason, NOW))
    return referral


def stage(referrals: ReferralTable, referral: Referral) -> tuple[Stage, str | None, bool]:
    found = referrals.get(referral.receipt, consistent=True)
    assert found
    return found.stage, found.reason, found.is_vetted


def test_the_list_shows_held_referrals(referrals: ReferralTable, capsys: pytest.CaptureFixture[str]) -> None:
    odd = put(referrals, Reason.DISPOSABLE_DOMAIN, name="Maria Lopez", email="dr@mailinator.com")
    referrals.add(aws.submitted(NOW, name="Not Held"))
    assert held() == 0
    output = capsys.readouterr().out
    assert f"{odd.receipt}  lumen  2026-11-23 15:30 UTC  disposable_domain\n" in output
    assert "    Maria Lopez\n    dr@mailinator.com\n" in output
    assert "Not Held" not in output
    assert output.endswith("Referrals that need a decision: 1.\n")


def test_an_approved_referral_is_queued_and_marked_as_approved(referrals: ReferralTable) -> None:
    odd = put(referrals, Reason.NO_PROOF_OF_WORK)
    assert held("--approve", odd.receipt) == 0
    assert stage(referrals, odd) == (Stage.QUEUED, None, True)


def test_a_rejected_referral_is_closed(referrals: ReferralTable) -> None:
    odd = put(referrals, Reason.HONEYPOT)
    assert held("--reject", odd.receipt.lower()) == 0
    assert stage(referrals, odd)[:2] == (Stage.CLOSED, "rejected")


def test_a_message_that_may_have_arrived_is_repeated_only_on_confirmation(
    referrals: ReferralTable, capsys: pytest.CaptureFixture[str]
) -> None:
    unclear = put(referrals, Reason.SEND_UNCLEAR)
    assert held("--approve", unclear.receipt) == 1
    assert "The doctor may already have the message" in capsys.readouterr().err
    assert stage(referrals, unclear)[0] is Stage.HELD
    assert held("--approve", "--again", unclear.receipt) == 0
    assert stage(referrals, unclear)[0] is Stage.QUEUED


def test_a_referral_that_is_no_longer_held_is_not_changed(
    referrals: ReferralTable, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = put(referrals, Reason.NO_PROOF_OF_WORK)
    assert held("--reject", odd.receipt) == 0
    assert held("--approve", odd.receipt) == 1
    assert "is no longer held. Its stage is: closed" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--approve",), ("--approve", "nonsense"), ("AAAA-AAAA-AAAA-AAAA",)])
def test_an_invalid_receipt_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert held(*words) == 1
    assert capsys.readouterr().err


def test_the_list_is_printed_as_json(referrals: ReferralTable, capsys: pytest.CaptureFixture[str]) -> None:
    odd = put(referrals, Reason.HONEYPOT, name="Maria Lopez", email="dr@clinic.example")
    for words in ([], [odd.receipt]):
        assert held("--json", *words) == 0
        [shown] = json.loads(capsys.readouterr().out)
        assert (shown["receipt"], shown["stage"], shown["reason"]) == (odd.receipt, "held", "trap")
        assert (shown["doctor"]["name"], shown["doctor"]["email"]) == ("Maria Lopez", "dr@clinic.example")
