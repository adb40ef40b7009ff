"""The doctor's name and contact details, each in the one normal form that the code compares and uses."""

import re

from referral_intake.core.us_states import STATES
from referral_intake.core.validation import Invalid, has_link

_POSTAL_CODE = re.compile(r"(\d{5})(?:[ -]?(\d{4}))?")
_NPI = re.compile(r"\d{10}")


def full_name(typed: str) -> str:
    """Return the name as typed. Raise Invalid if it has no letter or has a link, because messages show the name."""
    if not any(character.isalpha() for character in typed):
        raise Invalid("required")
    if has_link(typed):
        raise Invalid("link")
    return typed


def email(typed: str) -> str:
    """Return the address: the local part as typed, the domain in lower case and ASCII (IDNA). Raise Invalid."""
    # Imported here so that a referral without an email address does not pay for the import at a cold start.
    from email_validator import EmailNotValidError, validate_email

    if not typed.rpartition("@")[0].isascii():
        raise Invalid("email_local_ascii")  # Amazon SES accepts only 7-bit local parts.
    try:
        parts = validate_email(typed, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise Invalid("email_syntax") from None  # The library's message contains the address.
    return f"{parts.local_part}@{parts.ascii_domain}"


def email_identity(address: str) -> str:
    """Return the form in which addresses of the same person are equal. It ignores letter case and a `+tag`."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}".casefold()


def phone(typed: str) -> str:
    """Return the number in E.164. A number without a country code is a US number. Raise Invalid."""
    import phonenumbers

    try:
        number = phonenumbers.parse(typed, "US")
    except phonenumbers.NumberParseException:
        raise Invalid("phone_invalid") from None
    if not phonenumbers.is_valid_number(number):
        raise Invalid("phone_invalid")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def npi(typed: str) -> str:
    """Return the ten digits. Raise Invalid if the Luhn check of 80840 plus the number fails (NPPES)."""
    digits = typed.replace(" ", "").replace("-", "")
    if not (digits.isascii() and _NPI.fullmatch(digits)) or not _luhn("80840" + digits):
        raise Invalid("npi_invalid")
    return digits


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0


def state(typed: str) -> str:
    """Return the two-letter code of a US state or territory, given the code or the name. Raise Invalid."""
    code = STATES.get(typed.replace(".", "").casefold())
    if code is None:
        raise Invalid("state_unknown")
    return code


def postal_code(typed: str) -> str:
    """Return a ZIP code or ZIP+4: `62701` or `62701-1234`. Raise Invalid."""
    match = _POSTAL_CODE.fullmatch(typed)
    if match is None or not typed.isascii():
        raise Invalid("postal_code_invalid")
    return "-".join(filter(None, match.groups()))
