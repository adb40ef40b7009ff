"""Mask data that identifies a doctor, for viewers. Enough remains to distinguish the rows of a list."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from referral_intake.core.callback import CALLBACK_FIELDS, Callback
from referral_intake.core.contact import without_extension
from referral_intake.core.doctor import ADDRESS_FIELDS, DOCTOR_FIELDS, Address, Doctor
from referral_intake.core.form_fields import FormField, Mask
from referral_intake.core.person_names import DEGREES, TITLES

HIDDEN = "•••"
# In a shorter word, the first letter would reveal half of it.
_MIN_LENGTH = 3


def masked(doctor: Doctor) -> Doctor:
    """Return the doctor as a viewer sees them: as much of each field as its declaration allows."""
    return Doctor(**_masked(doctor, DOCTOR_FIELDS), address=Address(**_masked(doctor.address, ADDRESS_FIELDS)))


def masked_callback(callback: Callback) -> Callback:
    """Return the details of a call as a viewer sees them."""
    return Callback(**_masked(callback, CALLBACK_FIELDS))


def _masked(details: Doctor | Address | Callback, fields: Mapping[str, FormField]) -> dict[str, Any]:
    values = {name: getattr(details, name) for name in fields}
    return {name: value and _MASKS[fields[name].mask](value) for name, value in values.items()}


def masked_name(name: str) -> str:
    """Return `Dr M••• S•••`: only first and last name, because middle initials can identify a person."""
    words = [word for word in unicodedata.normalize("NFC", name).split() if _letters(word) not in TITLES | DEGREES]
    ends = words[:1] + words[1:][-1:]
    return " ".join(["Dr", *(_initial(word) for word in ends or [""])])


def masked_email(address: str) -> str:
    """Return `m•••@•••.org`."""
    local, _, domain = address.rpartition("@")
    return f"{_initial(local)}@{HIDDEN}.{domain.rpartition('.')[2]}"


def _initial(word: str) -> str:
    first = word[:1]
    # In scripts without capital letters, one character can be a syllable or a whole name.
    is_one_of_many = len(word) >= _MIN_LENGTH and first.upper() != first.lower()
    return f"{first}{HIDDEN}" if is_one_of_many else HIDDEN


def _letters(word: str) -> str:
    return "".join(character for character in word if character.isalpha()).casefold()


_MASKS: dict[Mask, Callable[[str], str | None]] = {
    Mask.SHOWN: str,
    Mask.PRESENCE: lambda _: HIDDEN,
    Mask.ABSENT: lambda _: None,
    Mask.NAME: masked_name,
    Mask.EMAIL: masked_email,
    Mask.LAST_DIGITS: lambda value: f"{HIDDEN}{without_extension(value)[-2:]}",
}
