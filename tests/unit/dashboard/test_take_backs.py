"""Actions that take back a complaint, an opt-out or a comparison."""

from dataclasses import replace
from datetime import timedelta

import pytest

from referral_intake.core import decisions
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage, UserAction
from referral_intake.core.validation import FieldError
from referral_intake.dashboard import actions
from referral_intake.dashboard.action_types import Action, Invalid, ReferralChange, TakeBackReason
from tests.support.samples import NOW
from tests.unit.dashboard.test_actions import LATER, at, done

TOLD = at(Stage.SENT, milestones={Milestone.SUBMITTED: NOW, Milestone.SENT: NOW})
COMPARED = {"user_actions": (UserAction(NOW, "maria", "same_doctor", 1),)}


def closed(reason: Closing, **facts: object) -> Referral:
    """A referral that a fact of its own closed."""
    milestones = {Milestone.SUBMITTED: NOW, Milestone.SENT: NOW, reason.value: NOW, **dict.fromkeys(facts, NOW)}
    return at(Stage.CLOSED, reason.value, milestones=milestones)


def refused(action: Action, of: Referral, **details: object) -> tuple[FieldError, ...]:
    with pytest.raises(Invalid) as error:
        done(action, of, **details)
    return error.value.errors


def test_what_is_taken_back_already_is_not_offered_again() -> None:
    offered = actions.recordable_actions
    assert offered(closed(Closing.COMPLAINED)) == (Action.TAKE_BACK,)
    assert offered(closed(Closing.COMPLAINED, complaint_taken_back=NOW)) == ()
    assert offered(closed(Closing.OPTED_OUT)) == (Action.WANTS_MESSAGES, Action.TAKE_BACK)
    assert offered(closed(Closing.OPTED_OUT, opted_in=NOW)) == ()
    assert offered(at(Stage.CLOSED, "opted_out")) == (Action.WANTS_MESSAGES,), "it came through another referral"
    assert offered(TOLD) == (Action.DOCTOR_ANSWERED, Action.WANTS_NO_MORE)


@pytest.mark.parametrize("channel", ["reply", "letter", "phone", "in_person"])
def test_the_doctors_own_word_ends_all_opt_outs_and_reopens_nothing(channel: str) -> None:
    assert done(Action.WANTS_MESSAGES, closed(Closing.OPTED_OUT), channel=channel) == ReferralChange(
        UserAction(LATER, "maria", "wants_messages", 1, channel),
        milestones={"opted_in": LATER},
        takes_back=Closing.OPTED_OUT,
    )


@pytest.mark.parametrize(("channel", "code"), [(None, "required"), ("", "required"), ("by telepathy", "choice")])
def test_the_way_in_which_the_doctor_said_it_is_required(channel: str | None, code: str) -> None:
    error = FieldError("channel", code)
    assert refused(Action.WANTS_MESSAGES, closed(Closing.OPTED_OUT), channel=channel) == (error,)


@pytest.mark.parametrize(
    ("closing", "reason", "only_through_it", "was_not_told"),
    [
        (Closing.COMPLAINED, TakeBackReason.NOT_THE_DOCTOR, True, True),
        (Closing.COMPLAINED, TakeBackReason.BY_MISTAKE, False, False),
        (Closing.COMPLAINED, TakeBackReason.DOCTOR_ASKED, False, False),
        (Closing.OPTED_OUT, TakeBackReason.NOT_THE_DOCTOR, True, True),
        (Closing.OPTED_OUT, TakeBackReason.WRONG_DOCTOR, True, False),
    ],
)
def test_the_reason_decides_what_is_taken_back(
    closing: Closing, reason: TakeBackReason, *, only_through_it: bool, was_not_told: bool
) -> None:
    milestone = {"complained": "complaint_taken_back", "opted_out": "opted_in"}[closing]
    assert done(Action.TAKE_BACK, closed(closing), reason=reason.value) == ReferralChange(
        UserAction(LATER, "maria", "take_back", 1, reason.value),
        milestones={milestone: LATER},
        takes_back=closing,
        only_through_it=only_through_it,
        was_not_told=was_not_told,
    )


@pytest.mark.parametrize(
    ("closing", "reason", "code"),
    [
        (Closing.COMPLAINED, None, "required"),
        (Closing.COMPLAINED, "wrong_doctor", "choice"),
        (Closing.COMPLAINED, "duplicate", "choice"),
        (Closing.OPTED_OUT, "by_mistake", "choice"),
        (Closing.OPTED_OUT, "doctor_asked", "choice"),
    ],
)
def test_other_reasons_are_refused(closing: Closing, reason: str | None, code: str) -> None:
    assert refused(Action.TAKE_BACK, closed(closing), reason=reason) == (FieldError("reason", code),)


# ---- Comparisons -----------------------------------------------------------------------------------------------------


def test_the_last_comparison_can_be_taken_back_once() -> None:
    def acted(*whats: str) -> Referral:
        user_actions = tuple(UserAction(NOW + timedelta(n), "maria", what, n) for n, what in enumerate(whats))
        return at(Stage.QUEUED, user_actions=user_actions)

    for whats, is_offered in (
        ((), False),
        (("approve",), False),
        (("same_doctor",), True),
        (("another_doctor", "approve"), True),
        (("same_doctor", "undo_comparison"), False),
        (("same_doctor", "undo_comparison", "another_doctor"), True),
    ):
        assert (Action.UNDO_COMPARISON in actions.recordable_actions(acted(*whats))) is is_offered, whats


@pytest.mark.parametrize(
    ("referral", "is_decided_again"),
    [
        (at(Stage.QUEUED), True),
        (at(Stage.WAITING, "scheduled"), True),
        (at(Stage.HELD, "shared_mailbox"), True),
        (at(Stage.BY_POST, "no_email"), True),
        (at(Stage.CLOSED, "joined"), True),
        (at(Stage.CLOSED, "opted_out"), True),
        (at(Stage.CLOSED, "complained"), True),
        (at(Stage.SENDING), False),
        (TOLD, False),
        (at(Stage.CLOSED, "withdrawn"), False),
        (at(Stage.CLOSED, "expired"), False),
        (at(Stage.CLOSED, "rejected"), False),
        (closed(Closing.OPTED_OUT), False),
    ],
)
def test_the_doctor_is_compared_again_unless_told_or_closed_for_another_reason(
    referral: Referral, *, is_decided_again: bool
) -> None:
    assert done(Action.UNDO_COMPARISON, replace(referral, **COMPARED)) == ReferralChange(  # type: ignore[arg-type]
        UserAction(LATER, "maria", "undo_comparison", 1),
        decisions.queue(LATER) if is_decided_again else None,
        undoes_comparison=True,
    )
