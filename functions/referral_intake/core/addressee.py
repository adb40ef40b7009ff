"""How a message addresses the doctor: the only part of a message that a submitter can influence.

A name as the registry writes it is used whole. Of a typed name, only the surname is used, and only if it is certain,
short and no ordinary word. The order of typed names is assumed to be that of the United States.
"""

import re
from dataclasses import dataclass

from referral_intake.core import name_shape
from referral_intake.core.doctor import Doctor
from referral_intake.core.ordinary_words import is_ordinary
from referral_intake.core.person_names import (
    TITLES,
    fold,
    given_and_family,
    is_title_or_degree,
    names_only,
    plain_marks,
)
from referral_intake.core.referral import Referral

MAX_SURNAME_WORDS = 2
MAX_SURNAME_LENGTH = 30
# With more, it is not clear which of them are surnames. Initials do not count.
_MAX_NAMES = 3
# Parts of surnames that do not count as words.
_PARTICLES = frozenset(
    {
        *("al", "ap", "bar", "ben", "bin", "bint", "da", "das", "de", "degli", "dei", "del", "della", "den", "der"),
        *("des", "di", "dos", "du", "el", "ibn", "la", "las", "le", "los", "mac", "mc", "o", "san", "santa", "st"),
        *("ste", "te", "ten", "ter", "van", "vande", "vander", "vom", "von", "y", "zu", "zum", "zur"),
    }
)
_DOCTORATES = frozenset(
    {"md", "do", "mbbs", "mbchb", "bmbs", "mbbch", "phd", "dpm", "dds", "dmd", "dr", "dra", "doctor"}
)
_OTHER_DEGREES = frozenset(
    {
        *("np", "pa", "pac", "rn", "aprn", "crnp", "fnp", "fnpc", "fnpbc", "dnp", "arnp", "msn", "bsn", "acnp"),
        *("acnpbc", "agacnp", "agnp", "whnp", "pmhnp", "crna", "cnm", "lcsw", "aocnp"),
    }
)
_OTHER_SPECIALTIES = ("nurs", "enferm", "assistant", "asistente")
_APART = re.compile(r"(?<=\w)([^\w\s.,-])\s+(?=\w)")  # O' Brien
_GLUED = re.compile(r"\.(?=[^\W\d_]{2})")  # Dr.Ly
_WORD = re.compile(r"[^\W\d_]+")
_INNER_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Addressee:
    """`name` is a surname, or a whole name from the registry, or "" if no name is certain.

    `is_doctor` is False for nurses, physician assistants and others who are not addressed as Dr.
    """

    name: str
    is_doctor: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """What a message may say about the referral. Nothing in it was typed."""

    receipt: str
    submitted_by: str


def template_context(referral: Referral) -> dict[str, Addressee | Origin]:
    """Return the variables of messages and letters that depend on the referral."""
    return {"addressee": addressee(referral.doctor), "referral": Origin(referral.receipt, referral.submitted_by)}


def addressee(doctor: Doctor) -> Addressee:
    is_doctor = _is_doctor(doctor)
    if doctor.is_from_registry and name_shape.is_usual(doctor.name):
        return Addressee(doctor.name, is_doctor)
    # "Dear Lopez" is rude, so a surname needs a title.
    return Addressee(surname(doctor.name) if is_doctor else "", is_doctor)


def surname(name: str) -> str:
    """Return the surname as typed, or "" if it is not certain, too long or an ordinary word."""
    if not name_shape.is_usual(name) or not _is_certain(name):
        return ""
    found = _as_typed(name, given_and_family(name)[1].split())
    words = [fold(word) for word in _WORD.findall(_INNER_CAPITAL.sub(" ", plain_marks(found)))]
    counted = [word for word in words if word not in _PARTICLES] or words
    # O'Pay is also opay.
    whole = [fold(word).replace("'", "") for word in found.replace("-", " ").split()]
    is_short = 0 < len(counted) <= MAX_SURNAME_WORDS and len(found) <= MAX_SURNAME_LENGTH
    return found if is_short and not any(map(is_ordinary, counted + whole)) else ""


def _is_certain(name: str) -> bool:
    if not fold(name).isascii():
        return False  # The order of names and the ordinary words of other scripts are not known.
    names = [word for word in names_only(name) if word not in _PARTICLES or len(word) == 1]
    initials = sum(len(word) == 1 for word in names)
    has_title = any(fold(word).strip(".") in TITLES for word in _GLUED.sub(". ", name).split())
    # Dr. Lopez, J. Lopez and Jun O, but not Lopez, which can be a given name.
    return len(names) - initials <= _MAX_NAMES and (len(names) > 1 or (len(names) == 1 and has_title))


def _as_typed(name: str, folded: list[str]) -> str:
    """Return the words of the name that are these folded ones, or "" if they are not beside each other."""
    text = _GLUED.sub(". ", _APART.sub(r"\1", name))
    words = [word.strip(",") for word in text.replace(",", ", ").split()]
    places = range(len(words) - len(folded), -1, -1)
    bare = [word.strip(".") for word in folded]
    found = (words[at : at + len(bare)] for at in places)
    return next((" ".join(one) for one in found if [fold(word).strip(".") for word in one] == bare), "")


def _is_doctor(doctor: Doctor) -> bool:
    names = names_only(doctor.name)
    words = [fold(word).replace(".", "").replace("-", "") for word in doctor.name.replace(",", " ").split()]
    degrees = {word for word in words if word not in names and is_title_or_degree(word)}
    specialty = fold(doctor.specialty or "")
    is_other = bool(degrees & _OTHER_DEGREES) or any(word in specialty for word in _OTHER_SPECIALTIES)
    return bool(degrees & _DOCTORATES) or not is_other
