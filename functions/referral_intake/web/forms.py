"""Parse forms that browsers send without JavaScript, and prepare their values for a page with errors."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from referral_intake.core.submission import InvalidSubmission
from referral_intake.core.validation import FieldError, shown_name

MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 64


def pairs(data: bytes) -> list[tuple[str, str]]:
    """Return the names and values in order. Raise InvalidSubmission if there are far more than the form has."""
    try:
        return parse_qsl(data.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise InvalidSubmission([FieldError("", "unknown_field")]) from None


def nested(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """Turn dotted names (`doctor.address.city`) into nested objects. An empty field counts as absent."""
    payload: dict[str, Any] = {}
    errors = []
    for name, value in fields:
        *path, last = name.split(".")
        place: Any = payload
        for part in path:
            place = place.setdefault(part, {}) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last in place:
            errors.append(FieldError(shown_name(name), "duplicate"))
        else:
            place[last] = value or None
    if errors:
        raise InvalidSubmission(errors)
    return payload


def printable_values(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the typed values without characters that a page can't show."""
    return {name: printable(text) for name, text in fields.items() if isinstance(text, str)}


def printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))
