"""What users do with referrals: actions, requests for them, and the changes that they make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from referral_intake.core.doctor import Doctor
from referral_intake.core.milestones import Milestone
from referral_intake.core.referral import Answer, ContactChannel, Transition, UserAction
from referral_intake.core.steps import DeliveryStatuses
from referral_intake.core.users import User
from referral_intake.core.validation import FieldError


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


CONTACT_CHANNELS = {Action.LETTER_SENT: ContactChannel.LETTER, Action.CALLED: ContactChannel.PHONE}
"""Actions that record that the introduction was made by letter or phone."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A user's request for an action on the referral that they saw at `revision`.

    `reason` is the reason of a rejection. `email` is an address that the user found. `again` confirms that the doctor
    may get the message a second time, if it is unknown whether they have it. `others` are receipts of the referrals
    with which the user compared the doctor. `channel` says how the doctor answered or opted out, and `only_campaign`
    that the opt-out is from this campaign only.
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


@dataclass(frozen=True, slots=True)
class ReferralChange:
    """The change that an action makes. `doctor` is set if the doctor's details change, `messages` if one is sent again.

    `others` are receipts of referrals whose doctor is the same if `is_same_doctor`, otherwise another. `opts_out` says
    that the doctor gets nothing more, and `opts_out_of` from which campaign. None means all.
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
