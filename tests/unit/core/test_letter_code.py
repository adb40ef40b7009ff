"""The code of a printed letter, as doctors type it."""

import pytest

from referral_intake.core import letter_code
from referral_intake.core.validation import Invalid


def test_a_code_has_60_bits_in_letters_and_digits_that_look_different() -> None:
    code = letter_code.make(bytes(range(32)))
    assert code == "AAAQ-EAYE-AUDA"
    assert letter_code.parse(code) == code
    assert letter_code.make(bytes(7) + b"\x0f" + bytes(24)) == "AAAA-AAAA-AAAA", "the 61st bit does not count"
    assert letter_code.make(bytes(7) + b"\x10" + bytes(24)) != "AAAA-AAAA-AAAA"


@pytest.mark.parametrize(
    "typed", ["k3qf 7zta mm2x", "K3QF7ZTAMM2X", " K3QF-7ZTA-MM2X\n", "k3qf-7zta-mm2x", "K3QF  7ZTA--MM2X"]
)
def test_a_code_may_be_typed_in_any_way(typed: str) -> None:
    assert letter_code.parse(typed) == "K3QF-7ZTA-MM2X"


def test_digits_that_no_code_has_are_read_as_the_letters_that_look_like_them() -> None:
    assert letter_code.parse("0181-0181-0181") == "OIBI-OIBI-OIBI"


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "required"),
        (" \t", "required"),
        ("K3QF-7ZTA-MM2X-PE5R", "reference"),
        ("K3QF-7ZTA-MM2", "length"),
        ("K3QF-7ZTA-MM2XX", "length"),
        ("K3QF-7ZTA-MM2É", "length"),
        ("<b>", "length"),
        ("-", "length"),
    ],
)
def test_what_is_no_code_is_refused_with_the_reason(typed: str, error: str) -> None:
    with pytest.raises(Invalid) as invalid:
        letter_code.parse(typed)
    assert invalid.value.code == error
