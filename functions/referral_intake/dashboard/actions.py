"""What a person may do with a referral that waits for one, and what that makes of it.

What is offered is all that is allowed, by whichever way a person comes: the dashboard or the command line.
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
    """Why a person rejects a referral."""

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
"""The actions by which a doctor is told: the introduction, otherwise than by email."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person wants done with a referral as they saw it: at `revision`.

    `reason` is why it is rejected, `email` an address that was found. `again` says that the doctor may get the message
    a second time, where nobody knows whether they have it.
    """

    receipt: str
    revision: int
    action: Action
    by: Person
    reason: str | None = None
    email: str | None = None
    again: bool = False


class Invalid(ValueError):
    """An order that can't be carried out as it is, with everything that is wrong with it."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(f"{len(errors)} fields")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Change:
    """What an action makes of a referral. `doctor` is there where their details change."""

    act: Act
    move: Move | None = None
    milestones: Mapping[str, datetime] = field(default_factory=dict)
    told_by: Way | None = None
    doctor: Doctor | None = None


def offered(referral: Referral) -> tuple[Action, ...]:
    """What a person may do with it as it is."""
    kind = waits_for(referral)
    return OFFERED[kind] if kind else ()


def change(order: Order, referral: Referral, campaign: Campaign | None, now: datetime) -> Change:
    """What is to be written; raises Invalid."""
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
            # Not vetted by that: outreach still asks whether this NPI has other addresses, say.
            return Change(act, decisions.queue(now), doctor=_with_email(referral.doctor, order))
        case Action.CALLED_BACK:
            return Change(act, milestones={Milestone.CALLED_BACK: now})


def too_late(told: Change, move: Move) -> Change:
    """In the place of `told`, where the doctor has been told otherwise, or has said no, before this was noted."""
    assert move.reason, "what stands against it has a name"
    return Change(replace(told.act, note=move.reason), move)


def done_already(order: Order, referral: Referral) -> Act | None:
    """The act that this very order was carried out by: a double click, or a second try after a lost answer."""
    for act in referral.acts:
        if (act.by, act.what, act.revision) == (order.by.username, order.action.value, order.revision):
            return act if _is_the_same(order, act, referral) else None
    return None


def done_since(order: Order, referral: Referral) -> Act | None:
    """What a person did last to the referral since it was as the order has it; None where it was nobody."""
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
    """An answer is awaited until the referral expires. No email follows."""
    if campaign is None:
        raise Invalid(FieldError("campaign", "campaign_unknown"))
    awaits = decisions.awaits(replace(referral, told_by=way), campaign, act.at)
    return Change(act, awaits, {Milestone.SENT: act.at}, told_by=way)


def _with_email(doctor: Doctor, order: Order) -> Doctor:
    try:
        return found_email(doctor, order.email)
    except InvalidSubmission as invalid:
        raise Invalid(*invalid.errors) from None
