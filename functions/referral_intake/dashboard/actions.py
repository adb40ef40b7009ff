"""The actions of users on a referral that waits for a person, and the change that each makes.

These rules are the same for the dashboard and the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from referral_intake.core import decisions, information
from referral_intake.core.campaign import Campaign
from referral_intake.core.doctor import Doctor
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import ContactChannel, Move, Referral, Stage, UserAction, closed
from referral_intake.core.submission import InvalidSubmission, with_email
from referral_intake.core.tasks import DELIVERY_UNKNOWN, Kind, task_kind
from referral_intake.core.users import Person
from referral_intake.core.validation import FieldError


class Action(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    LETTER_SENT = "letter_sent"
    CALLED = "called"
    ADD_EMAIL = "add_email"
    CALLED_BACK = Milestone.CALLED_BACK
    SEND_INFORMATION = "send_information"
    INFORMATION_SENT = Milestone.INFORMATION_SENT


class Rejection(StrEnum):
    """Why a user rejects a referral."""

    WRONG_DETAILS = "wrong_details"
    NOT_A_DOCTOR = "not_a_doctor"
    LOOKS_AUTOMATED = "looks_automated"
    DUPLICATE = "duplicate"
    OTHER = "other"


ALLOWED_ACTIONS = {
    Kind.HELD: (Action.APPROVE, Action.REJECT),
    Kind.FAILED: (Action.RETRY, Action.REJECT),
    Kind.BY_POST: (Action.LETTER_SENT, Action.CALLED, Action.ADD_EMAIL),
    Kind.CALL: (Action.CALLED_BACK,),
    Kind.INFORMATION: (Action.INFORMATION_SENT,),
}

CHANNELS = {Action.LETTER_SENT: ContactChannel.LETTER, Action.CALLED: ContactChannel.PHONE}
"""Actions that record that the introduction was made by letter or phone."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A user's request for an action on the referral that they saw at `revision`.

    `reason` is the reason of a rejection. `email` is an address that the user found. `again` confirms that the doctor
    may get the message a second time, if it is unknown whether they have it.
    """

    receipt: str
    revision: int
    action: Action
    by: Person
    reason: str | None = None
    email: str | None = None
    again: bool = False


class Invalid(ValueError):
    """An invalid request, with all its errors."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(f"{len(errors)} fields")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class ReferralChange:
    """The change that an action makes. `doctor` is set if the doctor's details change."""

    user_action: UserAction
    move: Move | None = None
    milestones: Mapping[str, datetime] = field(default_factory=dict)
    told_by: ContactChannel | None = None
    doctor: Doctor | None = None


def allowed_actions(referral: Referral, campaign: Campaign | None = None) -> tuple[Action, ...]:
    """Return the actions that the referral's current state and the campaign allow."""
    kind = task_kind(referral)
    if kind is Kind.FAILED and information.is_in_progress(referral):
        return (Action.RETRY, Action.INFORMATION_SENT)
    if kind is Kind.INFORMATION and information.can_send(referral, campaign):
        return (Action.SEND_INFORMATION, *ALLOWED_ACTIONS[kind])
    return ALLOWED_ACTIONS[kind] if kind else ()


def change(request: ActionRequest, referral: Referral, campaign: Campaign | None, now: datetime) -> ReferralChange:
    """Return the change to write. Raise Invalid."""
    if request.action not in allowed_actions(referral, campaign):
        raise Invalid(FieldError("action", "not_offered"))
    user_action = UserAction(now, request.by.username, request.action.value, request.revision)
    match request.action:
        case Action.APPROVE:
            return ReferralChange(user_action, decisions.approve(now))
        case Action.REJECT:
            return ReferralChange(replace(user_action, note=_rejection(request)), closed(Closing.REJECTED, at=now))
        case Action.RETRY:
            if referral.reason in DELIVERY_UNKNOWN and not request.again:
                raise Invalid(FieldError("again", "required"))
            return ReferralChange(user_action, decisions.queue(now))
        case Action.LETTER_SENT | Action.CALLED:
            return _told(user_action, CHANNELS[request.action], referral, campaign)
        case Action.ADD_EMAIL:
            # Not vetted: `outreach` still screens it, for instance for other addresses of this NPI.
            return ReferralChange(user_action, decisions.queue(now), doctor=_with_email(referral.doctor, request))
        case Action.SEND_INFORMATION:
            return ReferralChange(user_action, decisions.queue(now))
        case Action.CALLED_BACK | Action.INFORMATION_SENT:
            move = None if referral.stage is Stage.CLOSED else closed(Closing.ANSWERED)
            return ReferralChange(user_action, move, {Milestone(request.action): now})


def too_late(told: ReferralChange, move: Move) -> ReferralChange:
    """Return the replacement for `told` if the doctor had been told or had opted out before it was recorded."""
    assert move.reason, "the move must have a reason"
    return ReferralChange(replace(told.user_action, note=move.reason), move)


def previous_run(request: ActionRequest, referral: Referral) -> UserAction | None:
    """Return the earlier action of the same request, if any: after a double click, or a retry after a lost response."""
    for user_action in referral.user_actions:
        if (user_action.by, user_action.what, user_action.revision) == (
            request.by.username,
            request.action.value,
            request.revision,
        ):
            return user_action if _is_same_request(request, user_action, referral) else None
    return None


def last_action_since(request: ActionRequest, referral: Referral) -> UserAction | None:
    """Return the last action on the referral since the request's revision, if any."""
    return next(
        (user_action for user_action in reversed(referral.user_actions) if user_action.revision >= request.revision),
        None,
    )


def _is_same_request(request: ActionRequest, user_action: UserAction, referral: Referral) -> bool:
    if request.action is Action.ADD_EMAIL:
        return _with_email(referral.doctor, request).email == referral.doctor.email
    return request.action is not Action.REJECT or user_action.note == request.reason


def _rejection(request: ActionRequest) -> str:
    if request.reason not in set(Rejection):
        raise Invalid(FieldError("reason", "choice" if request.reason else "required"))
    return Rejection(request.reason).value


def _told(
    user_action: UserAction, channel: ContactChannel, referral: Referral, campaign: Campaign | None
) -> ReferralChange:
    """Return the change that waits for an answer until the referral expires. No email follows."""
    if campaign is None:
        raise Invalid(FieldError("campaign", "campaign_unknown"))
    move = decisions.after_send(replace(referral, told_by=channel), campaign, user_action.at)
    return ReferralChange(user_action, move, {Milestone.SENT: user_action.at}, told_by=channel)


def _with_email(doctor: Doctor, request: ActionRequest) -> Doctor:
    try:
        return with_email(doctor, request.email)
    except InvalidSubmission as invalid:
        raise Invalid(*invalid.errors) from None
