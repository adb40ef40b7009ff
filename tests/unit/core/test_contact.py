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


def test_a_local_part_that_ses_refuses_for_its_length_is_refused() -> None:
    assert contact.email("a" * 64 + "@clinic.example")
    with pytest.raises(Invalid, match="email_syntax"):
        contact.email("a" * 65 + "@clinic.example")


@pytest.mark.parametrize("domain", ["clinic.con", "clinic.cmo", "clinic.c", "clinic.couk", "clinic.xn--zzzzzz"])
def test_a_top_level_domain_that_does_not_exist_is_refused(domain: str) -> None:
    with pytest.raises(Invalid, match=r"email_domain_unknown|email_syntax"):
        contact.email(f"maria@{domain}")


@pytest.mark.parametrize(
    "domain", ["clinic.com", "nhs.uk", "praxis.berlin", "clinic.xn--p1ai", "клиника.рф", "clinic.health"]
)
def test_every_top_level_domain_that_exists_is_accepted(domain: str) -> None:
    assert contact.email(f"maria@{domain}")


@pytest.mark.parametrize("typed", ["(212) 555-0123", "212.555.0123", "+1 212 555 0123", "1-212-555-0123"])
def test_a_phone_number_has_one_normalized_form(typed: str) -> None:
    assert contact.phone(typed) == "+12125550123"


@pytest.mark.parametrize(
    ("typed", "extension"),
    [
        ("217-555-0123 x45", "45"),
        ("(217) 555-0123 ext. 12", "12"),
        ("217.555.0123 extension 7", "7"),
        ("+1 217 555 0123 #1234", "1234"),
    ],
)
def test_an_extension_is_kept_and_does_not_make_another_practice(typed: str, extension: str) -> None:
    number = contact.phone(typed)
    assert number == f"+12175550123;ext={extension}"
    assert contact.phone(number) == number
    assert contact.without_extension(number) == contact.phone("217-555-0123")


@pytest.mark.parametrize(
    "typed", ["217-555-0123 option 2", "(217) 555-0123 or 555-0124", "217-555-0123 / 217-555-0124", "call 217 555 0123"]
)
def test_of_several_numbers_the_first_one_counts(typed: str) -> None:
    assert contact.phone(typed) == "+12175550123"


def test_a_foreign_number_keeps_its_country_code() -> None:
    assert contact.phone("+44 20 7946 0958") == "+442079460958"


@pytest.mark.parametrize("typed", ["12", "555-0123", "phone", "000 000 0000", "+999 123456"])
def test_an_impossible_phone_number_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="phone_invalid"):
        contact.phone(typed)


@pytest.mark.parametrize("typed", ["1234567893", "123-456-7893", "1234 567 893", "123\u2013456\u20137893"])
def test_an_npi_with_a_correct_check_digit_is_accepted(typed: str) -> None:
    # Example from the NPI standard (CMS): 123456789 has check digit 3.
    assert contact.npi(typed) == "1234567893"


@pytest.mark.parametrize("typed", ["1234567890", "123456789", "12345678931", "١٢٣٤٥٦٧٨٩٣", "abcdefghij"])
def test_an_invalid_npi_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="npi_invalid"):
        contact.npi(typed)


@pytest.mark.parametrize("readable", ["(217) 555-0123", "(217) 555-0123 ext. 45", "+44 20 7946 0958"])
def test_a_readable_number_is_the_same_number(readable: str) -> None:
    assert contact.readable_phone(contact.phone(readable)) == readable


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
    [
        ("62701", "62701"),
        ("62701-1234", "62701-1234"),
        ("627011234", "62701-1234"),
        ("62701 1234", "62701-1234"),
        ("62701\u20131234", "62701-1234"),
        ("62701 - 1234", "62701-1234"),
    ],
)
def test_a_zip_code_may_have_four_more_digits(typed: str, code: str) -> None:
    assert contact.postal_code(typed) == code


@pytest.mark.parametrize("typed", ["6270", "62701-12", "K1A 0B1", "６２７０１"])
def test_an_invalid_zip_code_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="postal_code_invalid"):
        contact.postal_code(typed)
