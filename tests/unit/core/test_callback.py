"""The details of a call that a doctor asks for."""

import pytest

from referral_intake.core.callback import Callback, CallTime, InvalidCallback, parse_callback
from referral_intake.web.pages import Pages
from tests.support.samples import TEMPLATES, campaign


def test_a_number_is_stored_in_its_normal_form() -> None:
    assert parse_callback({"phone": " (217) 555 0123 ", "time": "midday"}) == Callback("+12175550123", "midday")


@pytest.mark.parametrize("empty", [{}, {"phone": ""}, {"phone": " ", "time": ""}])
def test_every_detail_can_be_left_out(empty: dict[str, str]) -> None:
    assert parse_callback(empty) == Callback()


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"phone": "555"}, [("callback.phone", "phone_invalid")]),
        ({"phone": "1" * 41}, [("callback.phone", "too_long")]),
        ({"phone": "www.clinic.example"}, [("callback.phone", "link")]),
        ({"time": "night"}, [("callback.time", "choice")]),
        ({"phone": "5", "time": "x"}, [("callback.phone", "phone_invalid"), ("callback.time", "choice")]),
        ({"name": "x"}, [("callback.name", "unknown_field")]),
    ],
)
def test_invalid_details_are_refused_with_all_errors(typed: dict[str, str], errors: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidCallback) as refused:
        parse_callback(typed)
    assert [(error.field, error.code) for error in refused.value.errors] == errors


@pytest.mark.parametrize("locale", campaign().locales)
def test_the_page_has_a_text_for_each_time_and_no_others(locale: str) -> None:
    assert list(Pages(TEMPLATES, campaign(), locale).text["callback"]["times"]) == list(CallTime)
