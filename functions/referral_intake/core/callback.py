"""The call that a doctor asks for: the number and the time of day that they gave on the answer page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from referral_intake.core import contact
from referral_intake.core.form_fields import FORM, FormField, Mask, declared_in
from referral_intake.core.validation import FieldError, Fields, Invalid


class CallTime(StrEnum):
    """The times of day that a doctor can choose. The values are stored, so they must never change."""

    ANY_TIME = "any_time"
    MORNING = "morning"
    MIDDAY = "midday"
    AFTERNOON = "afternoon"
    EVENING = "evening"


def _call_time(typed: str) -> str:
    if typed not in set(CallTime):
        raise Invalid("choice")
    return typed


@dataclass(frozen=True, slots=True)
class Callback:
    """Each value is in its normal form, or None if the doctor left it out."""

    phone: str | None = field(
        default=None,
        metadata={
            FORM: FormField(40, contact.phone, inputmode="tel", column="callback_phone", mask=Mask.LAST_DIGITS),
        },
    )
    time: str | None = field(
        default=None, metadata={FORM: FormField(20, _call_time, column="callback_time", mask=Mask.SHOWN)}
    )


CALLBACK_FIELDS = declared_in(Callback, "callback")


class InvalidCallback(ValueError):
    """A refused callback, with all its errors."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} fields")
        self.errors = errors


def parse_callback(typed: Mapping[str, object]) -> Callback:
    """Validate the values of the form, by name. Raise InvalidCallback."""
    errors: list[FieldError] = []
    fields = Fields(dict(typed), "callback", CALLBACK_FIELDS, errors)
    values = {name: _value(fields, declared) for name, declared in CALLBACK_FIELDS.items()}
    if errors:
        raise InvalidCallback(errors)
    return Callback(**values)


def _value(fields: Fields, declared: FormField) -> str | None:
    typed = fields.text(declared.name, declared.limit)
    try:
        return typed and declared.parse(typed)
    except Invalid as invalid:
        fields.error(declared.name, invalid.code)
        return None
