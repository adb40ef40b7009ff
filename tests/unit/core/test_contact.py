"""Normalization of contact details."""

import pytest

from referral_intake.core import contact
from referral_intake.core.validation import Invalid


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Maria.Lopez@Clinic.Example", "Maria.Lopez@clinic.example"),
        ("maria+star@clinic.example", "maria+star@clinic.example"),
        ("info@Bücher.example", "info@xn--bcher-kva.example"),
        ("o'brien@clinic.example", "o'brien@clinic.example"),
    ],
)
def test_the_domain_is_lowercased_and_the_local_part_stays_as_typed(typed: str, normal: str) -> None:
    assert contact.email(typed) == normal


@pytest.mark.parametrize(
    "typed", ["maria", "@clinic.example", "a@b", "a b@clinic.example", "a@clinic..example", "<a@b.example>"]
)
def test_an_invalid_email_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="email_syntax"):
        contact.email(typed)


def test_a_local_part_that_ses_cannot_send_to_has_its_own_error() -> None:
    with pytest.raises(Invalid, match="email_local_ascii"):
        contact.email("josé@clinic.example")


@pytest.mark.parametrize("other", ["Maria@Clinic.Example", "maria+anything@clinic.example", "MARIA+a+b@CLINIC.EXAMPLE"])
def test_letter_case_and_tags_do_not_make_another_mailbox(other: str) -> None:
    assert contact.email_identity(other) == "maria@clinic.example"


@pytest.mark.parametrize("typed", ["(212) 555-0123", "212.555.0123", "+1 212 555 0123", "1-212-555-0123"])
def test_a_phone_number_has_one_normalized_form(typed: str) -> None:
    assert contact.phone(typed) == "+12125550123"


def test_a_foreign_number_keeps_its_country_code() -> None:
    assert contact.phone("+44 20 7946 0958") == "+442079460958"


@pytest.mark.parametrize("typed", ["12", "555-0123", "phone", "000 000 0000", "+999 123456"])
def test_an_impossible_phone_number_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="phone_invalid"):
        contact.phone(typed)


@pytest.mark.parametrize("typed", ["1234567893", "123-456-7893", "1234 567 893"])
def test_an_npi_with_a_correct_check_digit_is_accepted(typed: str) -> None:
    # Example from the NPI standard (CMS): 123456789 has check digit 3.
    assert contact.npi(typed) == "1234567893"


@pytest.mark.parametrize("typed", ["1234567890", "123456789", "12345678931", "١٢٣٤٥٦٧٨٩٣", "abcdefghij"])
def test_an_invalid_npi_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="npi_invalid"):
        contact.npi(typed)


@pytest.mark.parametrize(
    ("typed", "code"), [("ny", "NY"), ("New York", "NY"), ("N.Y.", "NY"), ("district of columbia", "DC"), ("PR", "PR")]
)
def test_a_state_is_recognized_by_code_or_name(typed: str, code: str) -> None:
    assert contact.state(typed) == code


@pytest.mark.parametrize("typed", ["Ontario", "XX", "N"])
def test_an_unknown_state_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="state_unknown"):
        contact.state(typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("62701", "62701"), ("62701-1234", "62701-1234"), ("627011234", "62701-1234"), ("62701 1234", "62701-1234")],
)
def test_a_zip_code_may_have_four_more_digits(typed: str, code: str) -> None:
    assert contact.postal_code(typed) == code


@pytest.mark.parametrize("typed", ["6270", "62701-12", "K1A 0B1", "６２７０１"])
def test_an_invalid_zip_code_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="postal_code_invalid"):
        contact.postal_code(typed)
