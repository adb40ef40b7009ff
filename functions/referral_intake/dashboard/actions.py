"""The actions of users on a referral that waits for a person, and the change that each makes.

These rules are the same for the dashboard and the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from referral_intake.core import decisions
from referral_intake.core.campaign import Campaign
from referral_intake.core.doctor import Doctor
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, ContactChannel, Referral, Transition, UserAction, close
from referral_intake.core.steps import DeliveryStatuses, with_resend
from referral_intake.core.submission import InvalidSubmission, with_email
from referral_intake.core.tasks import DELIVERY_UNKNOWN, DOCTOR_COMPARISONS, TaskKind, task_kind
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
    CALLED_BACK = Milestone.CALLED_BACK


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


ALLOWED_ACTIONS = {
    TaskKind.HELD: (Action.APPROVE, Action.REJECT),
    TaskKind.FAILED: (Action.RETRY, Action.REJECT),
    TaskKind.BY_POST: (Action.LETTER_SENT, Action.CALLED, Action.ADD_EMAIL),
    TaskKind.CALL: (Action.CALLED_BACK,),
}

COMPARISONS = (Action.SAME_DOCTOR, Action.ANOTHER_DOCTOR, Action.REJECT)
"""The actions on a referral that is held because its doctor may be the doctor of another referral."""

CONTACT_CHANNELS = {Action.LETTER_SENT: ContactChannel.LETTER, Action.CALLED: ContactChannel.PHONE}
"""Actions that record that the introduction was made by letter or phone."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """An action of a user on the referral that they saw at `revision`.

    `reason` is for a rejection, `email` for a new address. `again` confirms a second delivery if it is unknown whether
    the doctor has the message. `others` are receipts of the compared referrals. `only_campaign` limits an opt-out to
    this campaign.
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

    `others` are receipts of referrals with the same doctor if `is_same_doctor`, otherwise with another doctor.
    `opts_out_of` is the campaign of an opt-out, or None for all campaigns.
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


def allowed_actions(referral: Referral) -> tuple[Action, ...]:
    """Return the actions that the referral's current state allows."""
    kind = task_kind(referral)
    if kind is TaskKind.HELD and referral.reason in DOCTOR_COMPARISONS:
        return COMPARISONS
    return ALLOWED_ACTIONS[kind] if kind else ()


def recordable_actions(referral: Referral) -> tuple[Action, ...]:
    """Return the actions that record what a doctor said to a user, for a doctor who has been told."""
    was_told = Milestone.SENT in referral.milestones
    has_opted_out = referral.reason in {Closing.COMPLAINED, Closing.OPTED_OUT}
    return (Action.DOCTOR_ANSWERED, Action.WANTS_NO_MORE) if was_told and not has_opted_out else ()


def change(request: ActionRequest, referral: Referral, campaign: Campaign | None, now: datetime) -> ReferralChange:
    """Return the change to write. Raise Invalid."""
    if request.action not in (*allowed_actions(referral), *recordable_actions(referral)):
        raise Invalid(FieldError("action", "not_offered"))
    user_action = UserAction(now, request.by.username, request.action.value, request.revision)
    match request.action:
        case Action.APPROVE:
            return ReferralChange(user_action, decisions.approve(now))
        case Action.REJECT:
            note = _parse_choice(Rejection, "reason", request.reason).value
            return ReferralChange(replace(user_action, note=note), close(Closing.REJECTED, at=now))
        case Action.RETRY:
            return _resend(user_action, request, referral)
        case Action.SAME_DOCTOR | Action.ANOTHER_DOCTOR:
            return _record_comparison(user_action, request)
        case Action.LETTER_SENT | Action.CALLED:
            return _record_contact(user_action, CONTACT_CHANNELS[request.action], referral, campaign)
        case Action.ADD_EMAIL:
            # Not vetted: `outreach` still screens it, for instance for other addresses of this NPI.
            doctor = _with_email(referral.doctor, request)
            messages = with_resend(referral.messages)  # After a bounce.
            return ReferralChange(user_action, decisions.queue(now), doctor=doctor, messages=messages)
        case Action.CALLED_BACK:
            return ReferralChange(user_action, milestones={Milestone.CALLED_BACK: now})
        case Action.DOCTOR_ANSWERED | Action.WANTS_NO_MORE:
            return _record_reply(user_action, request, referral)


def _resend(user_action: UserAction, request: ActionRequest, referral: Referral) -> ReferralChange:
    if referral.reason in DELIVERY_UNKNOWN and not request.again:
        raise Invalid(FieldError("again", "required"))
    return ReferralChange(user_action, decisions.queue(user_action.at), messages=with_resend(referral.messages))


def _record_comparison(user_action: UserAction, request: ActionRequest) -> ReferralChange:
    """Return the change that stores the user's decision and queues the referral for `outreach`."""
    if not request.others:
        raise Invalid(FieldError("others", "required"))
    is_same = request.action is Action.SAME_DOCTOR
    return ReferralChange(user_action, decisions.queue(user_action.at), others=request.others, is_same_doctor=is_same)


def _record_reply(user_action: UserAction, request: ActionRequest, referral: Referral) -> ReferralChange:
    """Return the change for an answer or opt-out that did not come through a link in a message."""
    channel = _parse_choice(AnswerChannel, "channel", request.channel)
    if request.action is Action.DOCTOR_ANSWERED:
        answer = _parse_choice(Answer, "answer", request.answer)
        closing = Closing.ANSWERED
        return ReferralChange(
            replace(user_action, note=answer.value),
            close(closing) if closing.outranks(referral.reason) else None,
            {Milestone.ANSWERED: user_action.at},
            answer=answer,
        )
    return ReferralChange(
        replace(user_action, note=f"{channel.value}_campaign" if request.only_campaign else channel.value),
        close(Closing.OPTED_OUT) if Closing.OPTED_OUT.outranks(referral.reason) else None,
        {Milestone.OPTED_OUT: user_action.at},
        opts_out=True,
        opts_out_of=referral.campaign if request.only_campaign else None,
    )


def too_late(told: ReferralChange, transition: Transition) -> ReferralChange:
    """Return the change to write instead of `told` if there is an obstacle, with its reason as note."""
    assert transition.reason, "the transition must have a reason"
    return ReferralChange(replace(told.user_action, note=transition.reason), transition)


def previous_run(request: ActionRequest, referral: Referral) -> UserAction | None:
    """Return the earlier action of the same request, if any: after a double click, or a retry after a lost response."""
    same = (request.by.username, request.action.value, request.revision)
    for user_action in referral.user_actions:
        if (user_action.by, user_action.what, user_action.revision) == same:
            return user_action if _is_same_request(request, user_action, referral) else None
    return None


def last_action_since(request: ActionRequest, referral: Referral) -> UserAction | None:
    """Return the last action on the referral since the request's revision, if any."""
    since = (action for action in reversed(referral.user_actions) if action.revision >= request.revision)
    return next(since, None)


def _is_same_request(request: ActionRequest, user_action: UserAction, referral: Referral) -> bool:
    if request.action is Action.ADD_EMAIL:
        return _with_email(referral.doctor, request).email == referral.doctor.email
    return request.action is not Action.REJECT or user_action.note == request.reason


def _parse_choice(choices: type[_Choice], field: str, value: str | None) -> _Choice:
    if value not in set(choices):
        raise Invalid(FieldError(field, "choice" if value else "required"))
    return choices(value)


def _record_contact(
    user_action: UserAction, channel: ContactChannel, referral: Referral, campaign: Campaign | None
) -> ReferralChange:
    """Return the change that waits for an answer until the referral expires. No email follows."""
    if campaign is None:
        raise Invalid(FieldError("campaign", "campaign_unknown"))
    transition = decisions.after_send(replace(referral, contact_channel=channel), campaign, user_action.at)
    return ReferralChange(user_action, transition, {Milestone.SENT: user_action.at}, contact_channel=channel)


def _with_email(doctor: Doctor, request: ActionRequest) -> Doctor:
    try:
        return with_email(doctor, request.email)
    except InvalidSubmission as invalid:
        raise Invalid(*invalid.errors) from None
