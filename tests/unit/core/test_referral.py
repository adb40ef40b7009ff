"""Receipts, stages, and their texts for the patient."""

import re
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.public_status import public_state
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Stage, Transition, close, parse_receipt, receipt_for
from tests.support.samples import NOW, TEMPLATES, referral


@given(st.uuids())
def test_each_submission_has_one_receipt_that_can_be_parsed(submission_id: uuid.UUID) -> None:
    receipt = receipt_for(submission_id)
    assert receipt == receipt_for(submission_id)
    assert re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", receipt)
    assert parse_receipt(f" {receipt.lower().replace('-', ' ')} ") == receipt


@given(st.text(max_size=40))
def test_any_text_parses_as_a_receipt_or_as_none(typed: str) -> None:
    receipt = parse_receipt(typed)
    assert receipt is None or parse_receipt(receipt) == receipt


def test_a_letter_misread_as_a_digit_is_corrected() -> None:
    assert parse_receipt("0123-4567-8aaa-aaaa") == "OI23-4567-BAAA-AAAA"


@pytest.mark.parametrize("typed", ["", "AAAA", "AAAA-AAAA-AAAA-AAA9", "AAAA-AAAA-AAAA-AAAA-AAAA", "../../etc"])
def test_an_invalid_receipt_is_refused(typed: str) -> None:
    assert parse_receipt(typed) is None


def test_every_open_stage_has_a_due_date_and_a_closed_one_has_none() -> None:
    with pytest.raises(ValueError, match="waiting"):
        Transition(Stage.WAITING)
    with pytest.raises(ValueError, match="closed"):
        Transition(Stage.CLOSED, due_at=NOW)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.CLOSED])
def test_every_open_stage_has_a_text_for_the_patient(stage: Stage) -> None:
    assert public_state(replace(referral(), stage=stage)) in _states_with_words()


@pytest.mark.parametrize("reason", list(Closing))
@pytest.mark.parametrize("was_sent", [True, False])
def test_every_closing_reason_has_a_text_for_the_patient(reason: Closing, *, was_sent: bool) -> None:
    move = close(reason)
    milestones = {"submitted": NOW} | ({"sent": NOW} if was_sent else {})
    done = replace(referral(), stage=move.stage, reason=move.reason, milestones=milestones)
    assert public_state(done) in _states_with_words()


@pytest.mark.parametrize("reason", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.ANSWERED])
def test_the_patient_does_not_learn_what_the_doctor_did(reason: Closing) -> None:
    assert public_state(replace(referral(), stage=Stage.CLOSED, reason=reason.value)) == "finished"


def _states_with_words() -> set[str]:
    import tomllib

    words = tomllib.loads((TEMPLATES / "site" / "text" / "en.toml").read_text("utf-8"))["status"]
    return {state for state, said in words.items() if isinstance(said, dict)}


def test_a_joined_referral_says_that_its_doctor_is_being_told() -> None:
    following = replace(referral(), stage=Stage.WAITING, reason="joined", leader="AAAA-AAAA-AAAA-AAAA")
    assert public_state(following) == "told"
