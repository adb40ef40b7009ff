"""The answer page: the result of the doctor's answer, and what the doctor can do next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from referral_intake.core.callback import CALLBACK_FIELDS
from referral_intake.core.contact import readable_phone
from referral_intake.core.information import is_in_progress
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral
from referral_intake.core.validation import FieldError
from referral_intake.web import forms


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """`state` is the key of its texts. `answers` are those that the doctor can choose.

    `values` and `errors` are those of the form for a call, by path.
    """

    state: str
    answers: tuple[Answer, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()


INVALID = AnswerPage("invalid")
"""For a link that is expired or was not signed by us."""
CLOSED = AnswerPage("closed")
"""An answer would start nothing: the doctor opted out or complained, the address bounced, or the referral is gone."""

_COMPLETED = {
    Answer.CALL: (Milestone.CALLED_BACK, "called_back"),
    Answer.INFORMATION: (Milestone.INFORMATION_SENT, "information_sent"),
}


def page_of(referral: Referral | None) -> AnswerPage:
    """Return the page for the current answer."""
    if referral is None or not (referral.reason == Closing.ANSWERED or Closing.ANSWERED.outranks(referral.reason)):
        return CLOSED
    others = tuple(answer for answer in Answer if answer is not referral.answer)
    if referral.answer is None:
        return AnswerPage("ask", others)
    completed, state = _COMPLETED.get(referral.answer, (None, ""))
    if completed in referral.milestones:
        return AnswerPage(state, others)
    if is_in_progress(referral):
        return AnswerPage("information_by_email", others)
    return AnswerPage(referral.answer.value, others, _values(referral))


def page_with_errors(referral: Referral | None, given: Mapping[str, str], errors: list[FieldError]) -> AnswerPage:
    """Return the page with the form as the doctor typed it, if a call is still open."""
    page = page_of(referral)
    if page.state != Answer.CALL:
        return page
    return replace(page, values=forms.printable_values(given), errors=tuple(errors))


def typed_callback(given: Mapping[str, str]) -> dict[str, str]:
    """Return the typed details of a call, by name. Empty if the form for a call was not sent."""
    if given.get("answer") != Answer.CALL:
        return {}
    return {name: given[one.path] for name, one in CALLBACK_FIELDS.items() if one.path in given}


def _values(referral: Referral) -> dict[str, str]:
    if referral.callback is None:
        return {}
    phone, time = referral.callback.phone, referral.callback.time
    values = {CALLBACK_FIELDS["phone"].path: phone and readable_phone(phone), CALLBACK_FIELDS["time"].path: time}
    return {path: value for path, value in values.items() if value}
