"""The actions of users on a referral that waits for a person, and the change that each makes.

These rules are the same for the dashboard and the command line.
"""

from dataclasses import replace
from datetime import datetime

from referral_intake.core import decisions, information
from referral_intake.core.campaign import Campaign
from referral_intake.core.doctor import Doctor
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, LetterReason
from referral_intake.core.referral import Answer, ContactChannel, Referral, Stage, Transition, UserAction, close
from referral_intake.core.steps import with_resend
from referral_intake.core.submission import InvalidSubmission, with_email
from referral_intake.core.tasks import DELIVERY_UNKNOWN, DOCTOR_COMPARISONS, TaskKind, can_be_posted, task_kind
from referral_intake.core.validation import FieldError
from referral_intake.dashboard import take_backs
from referral_intake.dashboard.action_types import (
    CONTACT_CHANNELS,
    Action,
    ActionRequest,
    AnswerChannel,
    Invalid,
    ReferralChange,
    Rejection,
    parse_choice,
)

ALLOWED_ACTIONS = {
    TaskKind.HELD: (Action.APPROVE, Action.REJECT),
    TaskKind.FAILED: (Action.RETRY, Action.REJECT),
    TaskKind.BY_POST: (Action.LETTER_SENT, Action.CALLED, Action.ADD_EMAIL),
    TaskKind.CALL: (Action.CALLED_BACK,),
    TaskKind.INFORMATION: (Action.INFORMATION_SENT,),
}

COMPARISONS = (Action.SAME_DOCTOR, Action.ANOTHER_DOCTOR, Action.REJECT)
"""The actions on a referral that is held because its doctor may be the doctor of another referral."""


def allowed_actions(referral: Referral, campaign: Campaign | None = None) -> tuple[Action, ...]:
    """Return the actions that the referral's current state and the campaign allow."""
    kind = task_kind(referral)
    if kind is TaskKind.HELD and referral.reason in DOCTOR_COMPARISONS:
        return COMPARISONS
    if kind is TaskKind.FAILED and information.is_in_progress(referral):
        return (Action.RETRY, Action.INFORMATION_SENT)
    if kind is TaskKind.INFORMATION and information.can_send(referral, campaign):
        return (Action.SEND_INFORMATION, *ALLOWED_ACTIONS[kind])
    allowed = ALLOWED_ACTIONS[kind] if kind else ()
    return tuple(one for one in allowed if one is not Action.LETTER_SENT or can_be_posted(referral))


def recordable_actions(referral: Referral) -> tuple[Action, ...]:
    """Return the actions that record what a doctor said to a user, and those that take back an earlier record."""
    undo = (Action.UNDO_COMPARISON,) if take_backs.has_comparison(referral) else ()
    if referral.reason in {Closing.COMPLAINED, Closing.OPTED_OUT}:
        return (*take_backs.offered(referral), *undo)
    was_told = Milestone.SENT in referral.milestones
    return (*((Action.DOCTOR_ANSWERED, Action.WANTS_NO_MORE) if was_told else ()), *undo)


def change(request: ActionRequest, referral: Referral, campaign: Campaign | None, now: datetime) -> ReferralChange:
    """Return the change to write. Raise Invalid."""
    _check_offered(request, referral, campaign)
    user_action = UserAction(now, request.by.username, request.action.value, request.revision)
    match request.action:
        case Action.APPROVE:
            return ReferralChange(user_action, decisions.approve(now))
        case Action.REJECT:
            note = parse_choice(Rejection, "reason", request.reason).value
            return ReferralChange(replace(user_action, note=note), close(Closing.REJECTED, at=now))
        case Action.RETRY:
            return _resend(user_action, request, referral)
        case Action.LETTER_SENT | Action.CALLED:
            return _record_contact(user_action, CONTACT_CHANNELS[request.action], referral, campaign)
        case Action.ADD_EMAIL | Action.SEND_INFORMATION:
            # Not vetted: `outreach` still screens a new address, for instance for other addresses of this NPI.
            doctor = _with_email(referral.doctor, request) if request.action is Action.ADD_EMAIL else None
            messages = with_resend(referral.messages)  # After a bounce.
            return ReferralChange(user_action, decisions.queue(now), doctor=doctor, messages=messages)
        case Action.CALLED_BACK | Action.INFORMATION_SENT:
            return _done(user_action, request, referral)
        case Action.DOCTOR_ANSWERED | Action.WANTS_NO_MORE:
            return _record_reply(user_action, request, referral)
        case Action.SAME_DOCTOR | Action.ANOTHER_DOCTOR:
            return _record_comparison(user_action, request)
        case Action.WANTS_MESSAGES | Action.TAKE_BACK | Action.UNDO_COMPARISON:
            return take_backs.change(user_action, request, referral)


def _check_offered(request: ActionRequest, referral: Referral, campaign: Campaign | None) -> None:
    if request.action not in (*allowed_actions(referral, campaign), *recordable_actions(referral)):
        has_no_address = request.action is Action.LETTER_SENT and referral.stage is Stage.BY_POST
        raise Invalid(FieldError("action", LetterReason.NO_ADDRESS if has_no_address else "not_offered"))


def _done(user_action: UserAction, request: ActionRequest, referral: Referral) -> ReferralChange:
    """Return the change after a user did what the doctor had asked for."""
    transition = None if referral.stage is Stage.CLOSED else close(Closing.ANSWERED)
    messages = with_resend(referral.messages) if request.action is Action.INFORMATION_SENT else None
    return ReferralChange(user_action, transition, {Milestone(request.action): user_action.at}, messages=messages)


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
    parse_choice(AnswerChannel, "channel", request.channel)
    if request.action is Action.DOCTOR_ANSWERED:
        answer = parse_choice(Answer, "answer", request.answer)
        closing = Closing.ANSWERED
        return ReferralChange(
            replace(user_action, note=answer.value),
            close(closing) if closing.outranks(referral.reason) else None,
            {Milestone.ANSWERED: user_action.at},
            answer=answer,
        )
    return ReferralChange(
        replace(user_action, note=_opt_out_note(request)),
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
    notes = {
        Action.REJECT: request.reason,
        Action.TAKE_BACK: request.reason,
        Action.WANTS_MESSAGES: request.channel,
        Action.DOCTOR_ANSWERED: request.answer,
        Action.WANTS_NO_MORE: _opt_out_note(request),
    }
    return request.action not in notes or user_action.note == notes[request.action]


def _opt_out_note(request: ActionRequest) -> str:
    return f"{request.channel}_campaign" if request.only_campaign else f"{request.channel}"


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
