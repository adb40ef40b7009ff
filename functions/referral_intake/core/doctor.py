"""A doctor: the person to be told, and the keys that this person is known by."""

import re
import unicodedata
from dataclasses import dataclass, field

from referral_intake.core.contact import email_identity

_WORD = re.compile(r"[^\W\d_]+")
# Titles and degrees are written by some and left out by others; they don't tell two doctors apart.
TITLES = frozenset({"dr", "doctor", "dra", "prof", "professor", "md", "do", "phd", "np", "pa", "mr", "mrs", "ms"})


@dataclass(frozen=True, slots=True)
class Address:
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether a letter could be sent there."""
        return None not in (self.line1, self.city, self.state, self.postal_code)


@dataclass(frozen=True, slots=True)
class Doctor:
    """Contact details, each in its normal form. `typed` holds what was typed where that differs, by field."""

    name: str
    practice: str | None = None
    specialty: str | None = None
    email: str | None = None
    phone: str | None = None
    npi: str | None = None
    address: Address = Address()
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, str]:
        """What identifies this doctor, by kind of key: the e-mail address, the NPI, name and phone, name and ZIP."""
        name = plain_name(self.name)
        zip5 = (self.address.postal_code or "")[:5]
        keys = {
            "email": self.email and email_identity(self.email),
            "npi": self.npi,
            "phone": name and self.phone and f"{name} {self.phone}",
            "postcode": name and zip5 and f"{name} {zip5}",
        }
        return {kind: value for kind, value in keys.items() if value}


def plain_name(name: str) -> str:
    """A name without case, accents, punctuation, titles and initials (which "M.D." falls into as well)."""
    words = name_words(name)
    return " ".join(word for word in words if word not in TITLES and not (len(word) == 1 and word.isascii()))


def name_words(name: str) -> list[str]:
    """The words of a name without case, accents and punctuation, for searching: all of them, since Do is a name too."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return _WORD.findall(letters.replace("'", "").casefold())
