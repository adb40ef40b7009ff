"""Receipts and stages."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.referral import Stage, Transition, parse_receipt, receipt_for
from tests.support.samples import NOW


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
