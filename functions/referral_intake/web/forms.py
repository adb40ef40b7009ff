"""The page's form as browsers send it without JavaScript, and back into the page when something is wrong with it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from referral_intake.core.submission import InvalidSubmission
from referral_intake.core.validation import FieldError, shown_name

MEDIA_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 64


def pairs(data: bytes) -> list[tuple[str, str]]:
    """Names and values in order; raises InvalidSubmission where there are far more than the form has."""
    try:
        return parse_qsl(data.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidSubmission([FieldError("", "unknown_field")]) from None


def nested(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """`doctor.address.city` as an object in an object. A field that was left empty was not given."""
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


def shown_again(fields: Mapping[str, object]) -> dict[str, str]:
    """What was typed, without what can't stand in a page."""
    return {name: "".join(c for c in text if c.isprintable()) for name, text in fields.items() if isinstance(text, str)}
