"""A doctor as somebody sees them who may not know who it is: enough to tell one row from another, and to count."""

import unicodedata
from dataclasses import replace

from referral_intake.core.doctor import TITLES, Address, Doctor

HIDDEN = "•••"
# The first letter of a shorter word would be half of it.
_SHORTEST = 3


def masked(doctor: Doctor) -> Doctor:
    """City and state stay; of the rest, what is there shows, and at most how it begins or ends."""
    return Doctor(
        name=masked_name(doctor.name),
        practice=doctor.practice and HIDDEN,
        # What was typed may hold anything. The group that it is counted in is no secret.
        specialty=None,
        email=doctor.email and masked_email(doctor.email),
        phone=doctor.phone and f"{HIDDEN}{doctor.phone[-2:]}",
        npi=doctor.npi and HIDDEN,
        address=_masked_address(doctor.address),
    )


def masked_name(name: str) -> str:
    """`Dr M••• S•••`: first and last name only, since few people have the same initials in the middle."""
    words = [word for word in unicodedata.normalize("NFC", name).split() if _plain(word) not in TITLES]
    ends = words[:1] + words[1:][-1:]
    return " ".join(["Dr", *(_begun(word) for word in ends or [""])])


def masked_email(address: str) -> str:
    """`m•••@•••.org`"""
    local, _, domain = address.rpartition("@")
    return f"{_begun(local)}@{HIDDEN}.{domain.rpartition('.')[2]}"


def _begun(word: str) -> str:
    first = word[:1]
    # Scripts without capitals write a syllable, or a whole name, as one letter.
    is_one_of_many = len(word) >= _SHORTEST and first.upper() != first.lower()
    return f"{first}{HIDDEN}" if is_one_of_many else HIDDEN


def _plain(word: str) -> str:
    return "".join(character for character in word if character.isalpha()).casefold()


def _masked_address(address: Address) -> Address:
    return replace(
        address,
        line1=address.line1 and HIDDEN,
        line2=address.line2 and HIDDEN,
        postal_code=address.postal_code and HIDDEN,
    )
