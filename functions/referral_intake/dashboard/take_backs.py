"""Take back an opt-out, a complaint or the result of a comparison of doctors.

None of these is deleted. A later fact says that it no longer counts, and the timeline and the audit records show both.
"""

from dataclasses import replace

from referral_intake.core import decisions
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage, UserAction
from referral_intake.core.validation import FieldError
from referral_intake.dashboard.action_types import (
    Action,
    ActionRequest,
    AnswerChannel,
    Invalid,
    ReferralChange,
    TakeBackReason,
    parse_choice,
)

_MILESTONES = {
    Closing.COMPLAINED: Milestone.COMPLAINT_TAKEN_BACK,
    Closing.OPTED_OUT: Milestone.OPTED_IN,
}
# To take back an opt-out at the doctor's own word is an action of its own, which names the way in which it came.
_REASONS = {
    Closing.COMPLAINED: (TakeBackReason.NOT_THE_DOCTOR, TakeBackReason.BY_MISTAKE, TakeBackReason.DOCTOR_ASKED),
    Closing.OPTED_OUT: (TakeBackReason.NOT_THE_DOCTOR, TakeBackReason.WRONG_DOCTOR),
}
_AT_THE_DOCTORS_WORD = frozenset({TakeBackReason.BY_MISTAKE, TakeBackReason.DOCTOR_ASKED})
_COMPARISONS = (Action.SAME_DOCTOR, Action.ANOTHER_DOCTOR)


def offered(referral: Referral) -> tuple[Action, ...]:
    """Return the actions for a referral that a complaint or an opt-out closed."""
    closing = Closing(referral.reason or "")
    if _MILESTONES[closing] in referral.milestones:
        return ()
    if closing is Closing.COMPLAINED:
        return (Action.TAKE_BACK,)
    # Without the doctor's own word, only an opt-out through this referral can be taken back.
    came_through_it = closing.value in referral.milestones
    return (Action.WANTS_MESSAGES, Action.TAKE_BACK) if came_through_it else (Action.WANTS_MESSAGES,)


def change(user_action: UserAction, request: ActionRequest, referral: Referral) -> ReferralChange:
    """Return the change to write. Raise Invalid."""
    if request.action is Action.UNDO_COMPARISON:
        return _undo_comparison(user_action, referral)
    if request.action is Action.WANTS_MESSAGES:
        note = parse_choice(AnswerChannel, "channel", request.channel).value
        return _take_back(replace(user_action, note=note), Closing.OPTED_OUT, TakeBackReason.DOCTOR_ASKED)
    closing, reason = Closing(referral.reason or ""), parse_choice(TakeBackReason, "reason", request.reason)
    if reason not in _REASONS[closing]:
        raise Invalid(FieldError("reason", "choice"))
    return _take_back(replace(user_action, note=reason.value), closing, reason)


def _take_back(user_action: UserAction, closing: Closing, reason: TakeBackReason) -> ReferralChange:
    """Return the change after which the complaint or opt-out no longer counts. The referral stays closed.

    Without the doctor's own word, only what came through this referral is taken back.
    """
    return ReferralChange(
        user_action,
        milestones={_MILESTONES[closing]: user_action.at},
        takes_back=closing,
        only_through_it=reason not in _AT_THE_DOCTORS_WORD,
        was_not_told=reason is TakeBackReason.NOT_THE_DOCTOR,
    )


def has_comparison(referral: Referral) -> bool:
    """Whether a user compared the doctor on this referral, and no one has taken that back."""
    whats = (one.what for one in reversed(referral.user_actions))
    last = next((what for what in whats if what in {*_COMPARISONS, Action.UNDO_COMPARISON}), None)
    return last in _COMPARISONS


def _undo_comparison(user_action: UserAction, referral: Referral) -> ReferralChange:
    """Return the change that removes the decision. `outreach` compares the doctor again, if that can matter."""
    is_undecided = _is_closed_by_comparison(referral) or referral.stage is not Stage.CLOSED
    transition = decisions.queue(user_action.at) if is_undecided and not referral.may_have_been_sent else None
    return ReferralChange(user_action, transition, undoes_comparison=True)


def _is_closed_by_comparison(referral: Referral) -> bool:
    """Whether it was closed for a fact of the other doctor."""
    return referral.reason == Closing.JOINED or (
        referral.reason in {Closing.COMPLAINED, Closing.OPTED_OUT} and referral.reason not in referral.milestones
    )
