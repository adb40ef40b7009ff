"""Search terms, filters and cursors."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.aws.cursors import BadCursor, ListingPosition
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Stage
from referral_intake.core.search_filter import Filter, SearchCriteria, search_words
from tests.support import samples
from tests.support.samples import NOW

REFERRAL = samples.referral(specialty="Oncology", address={"state": "IL"})
FITTING = Filter(NOW.date(), NOW.date(), Stage.QUEUED, None, "IL", "medical_oncology")
POSITION = ListingPosition("2026-11-23T15:30:00.000Z", "K3QF-7ZTA-MM2X-PE5R")


@pytest.mark.parametrize("typed", ["lop", "LÓPEZ", "mar lop", "lopez mar", "Maria", "m lopez", "do"])
def test_each_typed_word_matches_the_start_of_any_word_of_the_name(typed: str) -> None:
    referral = samples.referral(name="Dr. María Elena López Do")
    assert SearchCriteria("lumen", words=search_words(typed)).matches(referral)


@pytest.mark.parametrize("typed", ["opez", "maria smith", "lopezz"])
def test_other_letters_do_not_match(typed: str) -> None:
    assert not SearchCriteria("lumen", words=search_words(typed)).matches(samples.referral(name="Maria Lopez"))


@pytest.mark.parametrize("typed", ["", "m", " 7 ", "-", "12"])
def test_too_few_letters_are_refused(typed: str) -> None:
    assert search_words(typed) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"campaign": "another"},
        {"email": "somebody@clinic.example"},
        {"npi": "1234567893"},
    ],
)
def test_all_search_terms_must_match(other: dict[str, str]) -> None:
    fitting = SearchCriteria("lumen", FITTING, email="maria.lopez@clinic.example")
    assert fitting.matches(REFERRAL)
    assert not replace(fitting, **other).matches(REFERRAL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        {"stage": Stage.HELD},
        {"reason": "trap"},
        {"state": "TX"},
        {"state": "none"},
        {"specialty": "neurosurgery"},
        {"answer": Answer.CALL},
        {"first": (NOW + timedelta(days=1)).date()},
        {"last": (NOW - timedelta(days=1)).date()},
    ],
)
def test_all_filters_must_match(other: dict[str, object]) -> None:
    assert FITTING.matches(REFERRAL)
    assert not replace(FITTING, **other).matches(REFERRAL)  # type: ignore[arg-type]


def test_doctors_without_a_state_can_be_found() -> None:
    assert SearchCriteria("lumen", Filter(state="none")).matches(samples.referral())


def test_an_answer_counts_unless_the_doctor_opted_out_since() -> None:
    referral = replace(REFERRAL, stage=Stage.CLOSED, reason=Closing.ANSWERED, answer=Answer.INFORMATION)
    chosen = Filter(answer=Answer.INFORMATION)
    assert chosen.matches(referral)
    assert not chosen.matches(replace(referral, answer=Answer.CALL))
    assert not chosen.matches(replace(referral, reason=Closing.OPTED_OUT))


def test_a_cursor_holds_its_position() -> None:
    assert ListingPosition.decode(POSITION.encoded) == POSITION
    assert POSITION.encoded.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "lumen",
        "2026-11-23T15:30:00.000Z",
        "2026-11-23T15:30:00.000Z K3QF-7ZTA-MM2X-PE5R more",
        "2026-13-23T15:30:00.000Z K3QF-7ZTA-MM2X-PE5R",
        "2026-11-23T99:30:00.000Z K3QF-7ZTA-MM2X-PE5R",
        "2026-11-23T15:30:00.000Z audit#2026-11-23",
        '{"pk": {"S": "doctor#1"}}',
        "2026-11-23T15:30:00.000Z K3QF-7ZTA-MM2X-PE5R\n",
    ],
)
def test_an_invalid_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        ListingPosition.decode(base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("="))


@given(st.text())
def test_any_text_is_parsed_as_a_cursor_or_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        ListingPosition.decode(text)
