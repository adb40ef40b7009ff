"""Receipts, stages, and what the patient may know of them."""

import re
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.public_status import public_state
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Move, Stage, closed, read_receipt, receipt_for
from tests.support.samples import NOW, TEMPLATES, referral


@given(st.uuids())
def test_a_submission_has_one_receipt_that_can_be_read_back(submission_id: uuid.UUID) -> None:
    receipt = receipt_for(submission_id)
    assert receipt == receipt_for(submission_id)
    assert re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", receipt)
    assert read_receipt(f" {receipt.lower().replace('-', ' ')} ") == receipt


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_receipt_or_not(typed: str) -> None:
    receipt = read_receipt(typed)
    assert receipt is None or read_receipt(receipt) == receipt


def test_a_letter_that_was_misread_as_a_digit_is_forgiven() -> None:
    assert read_receipt("0123-4567-8aaa-aaaa") == "OI23-4567-BAAA-AAAA"


@pytest.mark.parametrize("typed", ["", "AAAA", "AAAA-AAAA-AAAA-AAA9", "AAAA-AAAA-AAAA-AAAA-AAAA", "../../etc"])
def test_what_is_no_receipt_is_none(typed: str) -> None:
    assert read_receipt(typed) is None


def test_every_open_stage_is_due_some_day_and_a_closed_one_never() -> None:
    with pytest.raises(ValueError, match="waiting"):
        Move(Stage.WAITING)
    with pytest.raises(ValueError, match="closed"):
        Move(Stage.CLOSED, due_at=NOW)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.CLOSED])
def test_every_open_stage_has_words_for_the_patient(stage: Stage) -> None:
    assert public_state(replace(referral(), stage=stage)) in _states_with_words()


@pytest.mark.parametrize("reason", list(Closing))
@pytest.mark.parametrize("was_sent", [True, False])
def test_every_closing_has_words_for_the_patient(reason: Closing, *, was_sent: bool) -> None:
    move = closed(reason)
    milestones = {"submitted": NOW} | ({"sent": NOW} if was_sent else {})
    done = replace(referral(), stage=move.stage, reason=move.reason, milestones=milestones)
    assert public_state(done) in _states_with_words()


@pytest.mark.parametrize("reason", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.ANSWERED])
def test_what_the_doctor_did_stays_between_the_doctor_and_us(reason: Closing) -> None:
    assert public_state(replace(referral(), stage=Stage.CLOSED, reason=reason.value)) == "finished"


def _states_with_words() -> set[str]:
    import tomllib

    words = tomllib.loads((TEMPLATES / "site" / "text" / "en.toml").read_text("utf-8"))["status"]
    return {state for state, said in words.items() if isinstance(said, dict)}


def test_a_referral_whose_doctor_another_one_is_telling_says_so_already() -> None:
    following = replace(referral(), stage=Stage.WAITING, reason="joined", leader="AAAA-AAAA-AAAA-AAAA")
    assert public_state(following) == "told"
