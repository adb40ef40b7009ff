"""The actions of users on a referral that waits for a person, and the change that each makes.

These rules are the same for the dashboard and the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from referral_intake.core import decisions
from referral_intake.core.campaign import Campaign
from referral_intake.core.doctor import Doctor
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Act, Move, Referral, Way, closed
from referral_intake.core.submission import InvalidSubmission, found_email
from referral_intake.core.tasks import MAY_HAVE_REACHED, Kind, waits_for
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


class Rejection(StrEnum):
    """Why a user rejects a referral."""

    WRONG_DETAILS = "wrong_details"
    NOT_A_DOCTOR = "not_a_doctor"
    LOOKS_AUTOMATED = "looks_automated"
    DUPLICATE = "duplicate"
    OTHER = "other"


OFFERED = {
    Kind.HELD: (Action.APPROVE, Action.REJECT),
    Kind.FAILED: (Action.RETRY, Action.REJECT),
    Kind.BY_POST: (Action.LETTER_SENT, Action.CALLED, Action.ADD_EMAIL),
    Kind.CALL: (Action.CALLED_BACK,),
}

WAYS = {Action.LETTER_SENT: Way.LETTER, Action.CALLED: Way.PHONE}
"""Actions that record the introduction, made by letter or phone instead of email."""


@dataclass(frozen=True, slots=True)
class Order:
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
    """An invalid order, with all its errors."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(f"{len(errors)} fields")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Change:
    """The change that an action makes. `doctor` is set if the doctor's details change."""

    act: Act
    move: Move | None = None
    milestones: Mapping[str, datetime] = field(default_factory=dict)
    told_by: Way | None = None
    doctor: Doctor | None = None


def offered(referral: Referral) -> tuple[Action, ...]:
    """Return the actions that the referral's current state allows."""
    kind = waits_for(referral)
    return OFFERED[kind] if kind else ()


def change(order: Order, referral: Referral, campaign: Campaign | None, now: datetime) -> Change:
    """Return the change to write. Raise Invalid."""
    if order.action not in offered(referral):
        raise Invalid(FieldError("action", "not_offered"))
    act = Act(now, order.by.username, order.action.value, order.revision)
    match order.action:
        case Action.APPROVE:
            return Change(act, decisions.approve(now))
        case Action.REJECT:
            return Change(replace(act, note=_rejection(order)), closed(Closing.REJECTED, at=now))
        case Action.RETRY:
            if referral.reason in MAY_HAVE_REACHED and not order.again:
                raise Invalid(FieldError("again", "required"))
            return Change(act, decisions.queue(now))
        case Action.LETTER_SENT | Action.CALLED:
            return _told(act, WAYS[order.action], referral, campaign)
        case Action.ADD_EMAIL:
            # Not vetted: `outreach` still screens it, for instance for other addresses of this NPI.
            return Change(act, decisions.queue(now), doctor=_with_email(referral.doctor, order))
        case Action.CALLED_BACK:
            return Change(act, milestones={Milestone.CALLED_BACK: now})


def too_late(told: Change, move: Move) -> Change:
    """Return the replacement for `told` if the doctor was told another way or opted out before it was recorded."""
    assert move.reason, "the move must have a reason"
    return Change(replace(told.act, note=move.reason), move)


def done_already(order: Order, referral: Referral) -> Act | None:
    """Return the act of this same order, if it is a repetition: a double click, or a retry after a lost answer."""
    for act in referral.acts:
        if (act.by, act.what, act.revision) == (order.by.username, order.action.value, order.revision):
            return act if _is_the_same(order, act, referral) else None
    return None


def done_since(order: Order, referral: Referral) -> Act | None:
    """Return the last act on the referral since the order's revision, if any."""
    return next((act for act in reversed(referral.acts) if act.revision >= order.revision), None)


def _is_the_same(order: Order, act: Act, referral: Referral) -> bool:
    if order.action is Action.ADD_EMAIL:
        return _with_email(referral.doctor, order).email == referral.doctor.email
    return order.action is not Action.REJECT or act.note == order.reason


def _rejection(order: Order) -> str:
    if order.reason not in set(Rejection):
        raise Invalid(FieldError("reason", "choice" if order.reason else "required"))
    return Rejection(order.reason).value


def _told(act: Act, way: Way, referral: Referral, campaign: Campaign | None) -> Change:
    """Return the change that waits for an answer until the referral expires. No email follows."""
    if campaign is None:
        raise Invalid(FieldError("campaign", "campaign_unknown"))
    awaits = decisions.awaits(replace(referral, told_by=way), campaign, act.at)
    return Change(act, awaits, {Milestone.SENT: act.at}, told_by=way)


def _with_email(doctor: Doctor, order: Order) -> Doctor:
    try:
        return found_email(doctor, order.email)
    except InvalidSubmission as invalid:
        raise Invalid(*invalid.errors) from None
