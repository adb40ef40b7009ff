"""Map specialties to the groups in which they are counted, from typed text or the NPI registry, English or Spanish.

Patients type free text. If each text had its own counter, the number of counters would have no limit.
"""

import re
import unicodedata
from functools import lru_cache

NONE, OTHER = "none", "other"

# The first entry matches whose words are all prefixes of words in the text. So narrower entries come first: the
# registry puts the field before the specialty ("Radiology, Radiation Oncology").
_MARKS = (
    ("radiation_oncology", "radia onco", "onco radioter", "radioter"),
    ("surgical_oncology", "surg onco", "cirugia onco", "onco quirurgic"),
    ("medical_oncology", "onco"),
    ("hematology", "hemato", "haemato"),
    ("palliative_care", "palliat", "paliativ", "hospic"),
    ("pain_medicine", "pain", "dolor"),
    ("interventional_radiology", "interventional radiolog", "radiolog intervenc"),
    ("neurosurgery", "neurosurg", "neurolog surg", "neurociru"),
    ("spine_surgery", "spin", "columna"),
    ("orthopedic_surgery", "orthop", "ortop"),
    ("nurse_practitioner", "nurs", "enferm"),
    ("physician_assistant", "physician assist", "asistente medic"),
    ("family_medicine", "famil", "general pract", "primary care", "atencion primaria"),
    ("internal_medicine", "internal med", "internist", "medicin intern"),
)
SPECIALTIES = (*(name for name, *_ in _MARKS), OTHER, NONE)
"""All groups."""

_WORD = re.compile(r"[a-z]+")


@lru_cache(maxsize=500)
def specialty_group(typed: str | None) -> str:
    """Return the group of a specialty, one of SPECIALTIES."""
    words = _WORD.findall(_plain(typed or ""))
    if not words:
        return OTHER if typed and typed.strip() else NONE
    return next((name for name, *marks in _MARKS if any(_has(words, mark) for mark in marks)), OTHER)


def _has(words: list[str], mark: str) -> bool:
    return all(any(word.startswith(beginning) for word in words) for beginning in mark.split())


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
