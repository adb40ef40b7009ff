"""Tasks for people, and when each started."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from referral_intake.core import decisions, tasks
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Answer, Referral, Stage, Transition, close
from referral_intake.core.steps import DeliveryStatus, SendAttempt
from referral_intake.core.tasks import FAILED, TaskKind, task_kind
from tests.support import samples
from tests.support.samples import NOW

LATER = NOW + timedelta(days=8)
BY_POST = Transition(Stage.BY_POST, NOW + decisions.REVIEW_INTERVAL, "no_email")


def written(referral: Referral, move: Transition | None, answer: Answer | None = None, **facts: datetime) -> Referral:
    return tasks.after_write(referral, move, facts, answer)


@pytest.mark.parametrize("reason", [Reason.HONEYPOT, Reason.NO_PROOF_OF_WORK, Reason.SEVERAL_ADDRESSES_FOR_ONE_NPI])
def test_a_suspicious_referral_is_a_task_to_judge(reason: Reason) -> None:
    held = written(samples.referral(), decisions.hold(reason, NOW))
    assert (task_kind(held), held.waits_since) == (TaskKind.HELD, NOW)


def failed_referral(reason: Reason) -> Referral:
    status = DeliveryStatus({"1": SendAttempt(NOW)}, failures={"1": reason.value})
    return replace(samples.referral(), messages={"introduction": status})


def test_every_failure_reason_of_decisions_is_a_task_to_repair() -> None:
    given_up = decisions.decide_due(
        replace(samples.referral(), failed_attempts=decisions.MAX_FAILED_ATTEMPTS), None, NOW
    )
    unclear = decisions.decide_due(replace(samples.referral(), stage=Stage.SENDING, due_at=NOW), None, NOW)
    failed = [failed_referral(reason) for reason in (Reason.CONTENT_REFUSED, Reason.BOUNCE_UNDETERMINED)]
    refused = [decisions.after_failure(one, NOW) for one in failed]
    moves = [decisions.hold_without_campaign(NOW), given_up, unclear, *refused]
    # The command that restores a table holds its missing referrals.
    assert {move.reason for move in moves} | {Reason.RESTORED} == FAILED
    assert {task_kind(written(samples.referral(), move)) for move in moves} == {TaskKind.FAILED}


def test_a_referral_without_an_email_address_is_a_letter_task() -> None:
    assert task_kind(written(samples.referral(), BY_POST)) is TaskKind.BY_POST


@pytest.mark.parametrize(
    "move",
    [
        None,
        decisions.queue(NOW),
        decisions.wait(Reason.PAUSED, NOW),
        Transition(Stage.SENT, NOW),
        close(Closing.REJECTED, at=NOW),
        close(Closing.JOINED, "AAAA-AAAA-AAAA-AAAA", at=NOW),
    ],
)
def test_other_referrals_have_no_task(move: Transition | None) -> None:
    after = written(replace(samples.referral(), stage=Stage.QUEUED), move)
    assert (task_kind(after), after.waits_since) == (None, None)


def test_a_weekly_check_does_not_restart_a_task() -> None:
    held = replace(written(samples.referral(), decisions.hold(Reason.HONEYPOT, NOW)), revision=2)
    looked_at = written(held, decisions.decide_due(held, samples.campaign(), LATER))
    assert (task_kind(looked_at), looked_at.waits_since) == (TaskKind.HELD, NOW)


def test_another_kind_of_task_starts_at_its_own_time() -> None:
    held = written(samples.referral(), decisions.hold(Reason.HONEYPOT, NOW))
    failed = written(held, decisions.hold(Reason.RETRIES_EXHAUSTED, LATER))
    assert (task_kind(failed), failed.waits_since) == (TaskKind.FAILED, LATER)


def test_an_answer_that_requests_a_call_closes_the_outreach_and_starts_a_task() -> None:
    called = written(samples.referral(), close(Closing.ANSWERED), Answer.CALL, answered=NOW)
    assert (called.stage, task_kind(called), called.waits_since) == (Stage.CLOSED, TaskKind.CALL, NOW)


def test_an_answer_that_requests_information_starts_a_task_until_it_is_sent() -> None:
    referral = written(samples.referral(), close(Closing.ANSWERED), Answer.INFORMATION, answered=NOW)
    assert (referral.stage, task_kind(referral), referral.waits_since) == (Stage.CLOSED, TaskKind.INFORMATION, NOW)
    assert task_kind(written(referral, None, information_sent=LATER)) is None


def test_a_request_for_a_call_after_one_for_information_is_another_task() -> None:
    referral = written(samples.referral(), close(Closing.ANSWERED), Answer.INFORMATION, answered=NOW)
    called = written(referral, None, Answer.CALL, answered=LATER)
    assert (task_kind(called), called.waits_since) == (TaskKind.CALL, LATER)


def test_a_completed_call_does_not_complete_a_request_for_information() -> None:
    called = written(samples.referral(), close(Closing.ANSWERED), Answer.CALL, answered=NOW, called_back=NOW)
    referral = written(called, None, Answer.INFORMATION, answered=LATER)
    assert (task_kind(referral), referral.waits_since) == (TaskKind.INFORMATION, LATER)


def test_a_later_request_for_a_call_starts_its_own_wait() -> None:
    said_no = written(samples.referral(), close(Closing.ANSWERED), Answer.NO, answered=NOW)
    assert task_kind(said_no) is None
    called = written(said_no, None, Answer.CALL, answered=LATER)
    assert (task_kind(called), called.waits_since) == (TaskKind.CALL, LATER)
    assert called.milestones["answered"] == NOW


@pytest.mark.parametrize("stronger", [Closing.OPTED_OUT, Closing.COMPLAINED, Closing.BOUNCED])
@pytest.mark.parametrize("answer", [Answer.CALL, Answer.INFORMATION])
def test_a_stronger_answer_ends_the_task(stronger: Closing, answer: Answer) -> None:
    referral = written(samples.referral(), close(Closing.ANSWERED), answer, answered=NOW)
    assert task_kind(written(referral, close(stronger))) is None


def test_a_completed_call_or_a_changed_answer_ends_the_task() -> None:
    called = written(samples.referral(), close(Closing.ANSWERED), Answer.CALL, answered=NOW)
    assert task_kind(written(called, None, called_back=LATER)) is None
    assert task_kind(written(called, None, Answer.NO, answered=LATER)) is None


def test_a_repeated_answer_does_not_restart_the_task() -> None:
    called = written(samples.referral(), close(Closing.ANSWERED), Answer.CALL, answered=NOW)
    assert written(called, None, Answer.CALL, answered=LATER).waits_since == NOW
