"""What users do with referrals: actions, requests for them, and the changes that they make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from referral_intake.core.doctor import Doctor
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, ContactChannel, Transition, UserAction
from referral_intake.core.steps import DeliveryStatuses
from referral_intake.core.users import User
from referral_intake.core.validation import FieldError

_Choice = TypeVar("_Choice", bound=StrEnum)


class Action(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    LETTER_SENT = "letter_sent"
    CALLED = "called"
    ADD_EMAIL = "add_email"
    SAME_DOCTOR = "same_doctor"
    ANOTHER_DOCTOR = "another_doctor"
    DOCTOR_ANSWERED = "doctor_answered"
    WANTS_NO_MORE = "wants_no_more"
    WANTS_MESSAGES = "wants_messages"
    TAKE_BACK = "take_back"
    UNDO_COMPARISON = "undo_comparison"
    CALLED_BACK = Milestone.CALLED_BACK
    SEND_INFORMATION = "send_information"
    INFORMATION_SENT = Milestone.INFORMATION_SENT


class AnswerChannel(StrEnum):
    """How a doctor's answer or opt-out reached a user."""

    REPLY = "reply"
    LETTER = "letter"
    PHONE = "phone"
    IN_PERSON = "in_person"


class Rejection(StrEnum):
    """Why a user rejects a referral."""

    WRONG_DETAILS = "wrong_details"
    NOT_A_DOCTOR = "not_a_doctor"
    LOOKS_AUTOMATED = "looks_automated"
    DUPLICATE = "duplicate"
    OTHER = "other"


class TakeBackReason(StrEnum):
    """Why a complaint or an opt-out does not count."""

    NOT_THE_DOCTOR = "not_the_doctor"  # It came from an address that is not the doctor's.
    WRONG_DOCTOR = "wrong_doctor"  # A user recorded it for the wrong doctor.
    BY_MISTAKE = "by_mistake"  # The doctor says that it was a mistake.
    DOCTOR_ASKED = "doctor_asked"  # The doctor asked for messages.


CONTACT_CHANNELS = {Action.LETTER_SENT: ContactChannel.LETTER, Action.CALLED: ContactChannel.PHONE}
"""Actions that record that the introduction was made by letter or phone."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A user's request for an action on the referral that they saw at `revision`.

    `reason` is why it is rejected, or why a complaint or opt-out is taken back. `email` is an address that the user
    found. `again` confirms that the doctor may get the message a second time, if it is unknown whether they have it.
    `others` are receipts of the referrals with which the user compared the doctor. `channel` says how the doctor told
    the user, and `only_campaign` that the opt-out is from this campaign only.
    """

    receipt: str
    revision: int
    action: Action
    by: User
    reason: str | None = None
    email: str | None = None
    again: bool = False
    others: tuple[str, ...] = ()
    answer: str | None = None
    channel: str | None = None
    only_campaign: bool = False


class Invalid(ValueError):
    """An invalid request, with all its errors."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(f"{len(errors)} fields")
        self.errors = errors


def parse_choice(choices: type[_Choice], field: str, value: str | None) -> _Choice:
    """Return the choice. Raise Invalid."""
    if value not in set(choices):
        raise Invalid(FieldError(field, "choice" if value else "required"))
    return choices(value)


@dataclass(frozen=True, slots=True)
class ReferralChange:
    """The change that an action makes. `doctor` is set if the doctor's details change, `messages` if one is sent again.

    `others` are receipts of referrals whose doctor is the same if `is_same_doctor`, otherwise another. `opts_out` says
    that the doctor gets nothing more, and `opts_out_of` from which campaign. None means all. `takes_back` says that the
    doctor's complaints or opt-outs no longer count, or with `only_through_it` those through this referral, whose
    messages went to another person's mailbox if `was_not_told`.
    """

    user_action: UserAction
    transition: Transition | None = None
    milestones: Mapping[str, datetime] = field(default_factory=dict)
    contact_channel: ContactChannel | None = None
    doctor: Doctor | None = None
    messages: DeliveryStatuses | None = None
    others: tuple[str, ...] = ()
    is_same_doctor: bool = False
    answer: Answer | None = None
    opts_out: bool = False
    opts_out_of: str | None = None
    takes_back: Closing | None = None
    only_through_it: bool = False
    was_not_told: bool = False
    undoes_comparison: bool = False
