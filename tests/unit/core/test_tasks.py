"""What waits for a person, and since when."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from referral_intake.core import decisions, tasks
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Move, Referral, Stage, closed
from referral_intake.core.tasks import FAILED, Kind, waits_for
from tests.support import samples
from tests.support.samples import NOW

LATER = NOW + timedelta(days=8)
BY_POST = Move(Stage.BY_POST, NOW + decisions.REVIEW_EVERY, "no_email")


def written(referral: Referral, move: Move | None, answer: Answer | None = None, **facts: datetime) -> Referral:
    return tasks.after(referral, move, facts, answer)


@pytest.mark.parametrize("reason", [Reason.TRAP, Reason.UNPROVEN, Reason.SEVERAL_ADDRESSES_FOR_ONE_NPI])
def test_what_looks_odd_waits_to_be_judged(reason: Reason) -> None:
    held = written(samples.referral(), decisions.hold(reason, NOW))
    assert (waits_for(held), held.waits_since) == (Kind.HELD, NOW)


def test_every_word_for_a_failure_that_decisions_use_waits_to_be_mended() -> None:
    given_up = decisions.when_due(replace(samples.referral(), setbacks=decisions.MOST_SETBACKS), None, NOW)
    unclear = decisions.when_due(replace(samples.referral(), stage=Stage.SENDING, due_at=NOW), None, NOW)
    moves = [decisions.without_campaign(NOW), given_up, unclear]
    # What a restored table lost is held by the command that restores it.
    assert {move.reason for move in moves} | {Reason.RESTORED} == FAILED
    assert {waits_for(written(samples.referral(), move)) for move in moves} == {Kind.FAILED}


def test_what_has_no_address_waits_for_a_letter() -> None:
    assert waits_for(written(samples.referral(), BY_POST)) is Kind.BY_POST


@pytest.mark.parametrize(
    "move",
    [
        None,
        decisions.queue(NOW),
        decisions.wait(Reason.PAUSED, NOW),
        Move(Stage.SENT, NOW),
        closed(Closing.REJECTED, at=NOW),
        closed(Closing.JOINED, "AAAA-AAAA-AAAA-AAAA", at=NOW),
    ],
)
def test_nobody_waits_for_a_person_otherwise(move: Move | None) -> None:
    after = written(replace(samples.referral(), stage=Stage.QUEUED), move)
    assert (waits_for(after), after.waits_since) == (None, None)


def test_a_weekly_look_changes_nothing_of_how_long_it_has_waited() -> None:
    held = replace(written(samples.referral(), decisions.hold(Reason.TRAP, NOW)), revision=2)
    looked_at = written(held, decisions.when_due(held, samples.campaign(), LATER))
    assert (waits_for(looked_at), looked_at.waits_since) == (Kind.HELD, NOW)


def test_another_kind_waits_from_then_on() -> None:
    held = written(samples.referral(), decisions.hold(Reason.TRAP, NOW))
    failed = written(held, decisions.hold(Reason.GIVEN_UP, LATER))
    assert (waits_for(failed), failed.waits_since) == (Kind.FAILED, LATER)


def test_an_answer_that_asks_for_a_call_closes_the_outreach_and_waits_for_a_person() -> None:
    called = written(samples.referral(), closed(Closing.ANSWERED), Answer.CALL, answered=NOW)
    assert (called.stage, waits_for(called), called.waits_since) == (Stage.CLOSED, Kind.CALL, NOW)


def test_a_later_answer_that_asks_for_a_call_waits_since_then() -> None:
    said_no = written(samples.referral(), closed(Closing.ANSWERED), Answer.NO, answered=NOW)
    assert waits_for(said_no) is None
    called = written(said_no, None, Answer.CALL, answered=LATER)
    assert (waits_for(called), called.waits_since) == (Kind.CALL, LATER)
    assert called.milestones["answered"] == NOW


@pytest.mark.parametrize("stronger", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.BOUNCED])
def test_nobody_calls_a_doctor_who_said_something_stronger_since(stronger: Closing) -> None:
    called = written(samples.referral(), closed(Closing.ANSWERED), Answer.CALL, answered=NOW)
    assert waits_for(written(called, closed(stronger))) is None


def test_who_was_called_back_or_changed_their_mind_waits_no_more() -> None:
    called = written(samples.referral(), closed(Closing.ANSWERED), Answer.CALL, answered=NOW)
    assert waits_for(written(called, None, called_back=LATER)) is None
    assert waits_for(written(called, None, Answer.INFORMATION, answered=LATER)) is None


def test_the_same_answer_again_does_not_begin_the_wait_anew() -> None:
    called = written(samples.referral(), closed(Closing.ANSWERED), Answer.CALL, answered=NOW)
    assert written(called, None, Answer.CALL, answered=LATER).waits_since == NOW
