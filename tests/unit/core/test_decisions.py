"""Decisions for a referral, by its stage, its campaign and the time."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from referral_intake.core import decisions, obstacles
from referral_intake.core.claim import AlreadyClaimed
from referral_intake.core.decisions import SendStep
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import LEASE, Referral, Stage, Transition, UserAction, close
from referral_intake.core.steps import DeliveryStatus, SendAttempt
from tests.support.samples import NOW, campaign, referral

APPROVAL = campaign().approval


def test_a_doctor_with_an_email_address_is_mailed() -> None:
    assert decisions.decide_queued(referral(), campaign(), NOW) == SendStep("introduction")


def test_a_doctor_without_an_email_address_is_handled_by_post() -> None:
    decided = decisions.decide_queued(referral(email=None, phone="212 555 0123"), campaign(), NOW)
    assert isinstance(decided, Transition)
    assert (decided.stage, decided.reason) == (Stage.BY_POST, "no_email")


@pytest.mark.parametrize("day", [APPROVAL.approved_on - timedelta(days=1), APPROVAL.expires_on + timedelta(days=1)])
def test_only_approved_unexpired_content_is_sent(day: date) -> None:
    then = datetime.combine(day, time(12), UTC)
    fresh = replace(referral(), milestones={"submitted": then})
    decided = decisions.decide_queued(fresh, campaign(), then)
    assert isinstance(decided, Transition)
    assert (decided.stage, decided.reason) == (Stage.WAITING, "not_approved")


def test_content_is_sent_on_the_last_day_of_its_approval() -> None:
    approval = campaign().approval
    assert approval.covers(approval.expires_on)
    assert not approval.covers(approval.expires_on + timedelta(days=1))


def test_a_referral_that_waited_too_long_expires_instead_of_being_sent_late() -> None:
    decided = decisions.decide_queued(referral(), campaign(), NOW + campaign().policy.expires_after)
    assert isinstance(decided, Transition)
    assert decided.reason == Closing.EXPIRED


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.WAITING, (Stage.QUEUED, None)),
        (Stage.QUEUED, (Stage.WAITING, "lost_by_stream")),
        (Stage.SENDING, (Stage.HELD, "send_unclear")),
        (Stage.HELD, (Stage.HELD, None)),
        (Stage.BY_POST, (Stage.BY_POST, None)),
    ],
)
def test_a_due_referral_moves_to_its_next_stage(stage: Stage, expected: tuple[Stage, str | None]) -> None:
    move = decisions.decide_due(replace(referral(), stage=stage), campaign(), NOW)
    assert (move.stage, move.reason) == expected
    assert move.due_at is None or move.due_at > NOW


@pytest.mark.parametrize("stage", [Stage.HELD, Stage.BY_POST])
def test_a_referral_that_no_person_handled_expires(stage: Stage) -> None:
    late = NOW + campaign().policy.expires_after
    assert decisions.decide_due(replace(referral(), stage=stage), campaign(), late).reason == Closing.EXPIRED


@pytest.mark.parametrize("reason", ["unproven", "too_fast", "cross_site", "trap"])
def test_a_suspected_bot_that_no_person_handled_expires_after_14_days(reason: str) -> None:
    held, before, after = replace(referral(), stage=Stage.HELD, reason=reason), timedelta(days=13), timedelta(days=14)
    assert decisions.decide_due(held, campaign(), NOW + before).stage is Stage.HELD
    assert decisions.decide_due(held, campaign(), NOW + after).reason == Closing.EXPIRED
    touched = replace(held, user_actions=(UserAction(NOW, "jo", "edit", 2),))
    assert decisions.decide_due(touched, campaign(), NOW + after).stage is Stage.HELD


@pytest.mark.parametrize("reason", ["disposable_domain", "possibly_same_doctor", "send_unclear"])
def test_other_held_referrals_wait_longer(reason: str) -> None:
    held = replace(referral(), stage=Stage.HELD, reason=reason)
    assert decisions.decide_due(held, campaign(), NOW + timedelta(days=14)).stage is Stage.HELD


def test_a_joined_referral_checks_after_its_leader_and_daily_once_the_leader_closed() -> None:
    leader = replace(referral(), stage=Stage.SENDING, due_at=NOW + LEASE)
    behind = obstacles.decide_already_claimed(AlreadyClaimed(leader.receipt), leader, NOW)
    assert (behind.stage, behind.due_at) == (Stage.WAITING, NOW + LEASE + timedelta(minutes=1))
    closed_unsent = replace(leader, stage=Stage.CLOSED, due_at=None)
    assert obstacles.decide_already_claimed(
        AlreadyClaimed(leader.receipt), closed_unsent, NOW
    ).due_at == NOW + timedelta(days=1)


def test_the_reservation_of_a_closed_leader_is_free_only_if_the_leader_told_nobody() -> None:
    closed = replace(referral(), stage=Stage.CLOSED, reason=Closing.WITHDRAWN, due_at=None)
    reserved = AlreadyClaimed(closed.receipt, is_reservation=True)
    assert obstacles.may_take_over(referral(), reserved, closed)
    told = replace(closed, reason=Closing.ANSWERED, milestones={"submitted": NOW, "sent": NOW})
    assert not obstacles.may_take_over(referral(), reserved, told)


def test_a_referral_whose_leader_sent_its_message_is_closed() -> None:
    leader = replace(referral(), stage=Stage.SENT, milestones={"submitted": NOW, "sent": NOW})
    assert obstacles.decide_already_claimed(AlreadyClaimed(leader.receipt), leader, NOW).reason == Closing.JOINED
    assert obstacles.decide_already_claimed(AlreadyClaimed(leader.receipt), None, NOW).reason == Closing.JOINED


def test_an_unclear_send_is_repeated_once_ses_reported_on_a_later_one() -> None:
    claimed_at = NOW - LEASE
    unclear = replace(referral(), stage=Stage.SENDING, due_at=NOW)
    later, earlier = claimed_at + timedelta(seconds=1), claimed_at - timedelta(seconds=1)
    assert decisions.decide_due(unclear, campaign(), NOW, later).stage is Stage.QUEUED
    assert decisions.decide_due(unclear, campaign(), NOW, earlier).reason == "send_unclear"


def written(state: str = "NY", **steps: timedelta) -> Referral:
    """A referral whose messages were sent this long after it was submitted, on a Monday at 10:30 in New York."""
    messages = {step: DeliveryStatus(attempts={step: SendAttempt(NOW + after)}) for step, after in steps.items()}
    sent = replace(referral(address={"state": state}), stage=Stage.SENT, messages=messages)
    return replace(sent, milestones=sent.milestones | {"sent": NOW})


AT_ONCE = timedelta(0)
REMINDED = timedelta(days=14)


def test_after_the_introduction_the_referral_waits_for_the_reminder() -> None:
    waits = decisions.after_send(written(introduction=AT_ONCE), campaign(), NOW)
    assert (waits.stage, waits.due_at) == (Stage.SENT, NOW + REMINDED)


def test_after_the_last_reminder_the_referral_waits_for_an_answer_until_it_expires() -> None:
    reminded = written(introduction=AT_ONCE, reminder_1=REMINDED)
    assert decisions.after_send(reminded, campaign(), NOW).due_at == NOW + campaign().policy.expires_after
    late = NOW + campaign().policy.expires_after
    assert decisions.decide_due(reminded, campaign(), late).reason == Closing.EXPIRED


def test_a_due_reminder_is_queued_and_sent() -> None:
    due = written(introduction=AT_ONCE)
    assert decisions.decide_due(due, campaign(), NOW + REMINDED).stage is Stage.QUEUED
    assert decisions.decide_queued(due, campaign(), NOW + REMINDED) == SendStep("reminder_1")


def test_a_reminder_that_is_not_due_waits_even_if_it_is_queued() -> None:
    early = decisions.decide_queued(written(introduction=AT_ONCE), campaign(), NOW + timedelta(days=13))
    assert isinstance(early, Transition)
    assert (early.stage, early.due_at) == (Stage.SENT, NOW + REMINDED)


def test_a_reminder_delayed_into_the_night_waits_for_the_doctors_morning() -> None:
    at_night = NOW + REMINDED + timedelta(hours=8)
    held_up = decisions.decide_queued(written("NY", introduction=AT_ONCE), campaign(), at_night)
    assert isinstance(held_up, Transition)
    assert held_up.due_at == datetime(2026, 12, 8, 14, 0, tzinfo=UTC)


def test_a_campaign_without_reminders_sends_none() -> None:
    quiet = replace(campaign(), policy=replace(campaign().policy, reminders=0))
    assert decisions.after_send(written(introduction=AT_ONCE), quiet, NOW).due_at == NOW + quiet.policy.expires_after


def test_a_returned_message_is_retried_after_one_day_and_three_days_and_then_no_more() -> None:
    def soft_bounces(times: int) -> Referral:
        attempts = {str(n): SendAttempt(NOW) for n in range(times)}
        messages = {"introduction": DeliveryStatus(attempts=attempts, soft_bounces=dict.fromkeys(attempts, NOW))}
        return replace(written(), messages=messages)

    first, second, third = (decisions.after_send(soft_bounces(times), campaign(), NOW) for times in (1, 2, 3))
    assert (first.stage, first.reason, first.due_at) == (Stage.WAITING, "soft_bounced", NOW + timedelta(days=1))
    assert second.due_at == NOW + timedelta(days=3)
    assert (third.stage, third.due_at) == (Stage.SENT, NOW + REMINDED)
    assert decisions.decide_queued(soft_bounces(1), campaign(), NOW + timedelta(days=1)) == SendStep("introduction")


def test_a_refusal_closes_a_referral_unless_its_doctor_got_an_earlier_message() -> None:
    assert decisions.after_refusal(referral(), campaign(), NOW).reason == Closing.REJECTED
    assert decisions.after_refusal(written(introduction=AT_ONCE), campaign(), NOW).stage is Stage.SENT


def test_repeated_failures_wait_longer_and_differently_for_each_referral() -> None:
    def pause(failed_attempts: int) -> timedelta:
        due_at = decisions.retry_later(replace(referral(), failed_attempts=failed_attempts), "throttled", NOW).due_at
        assert due_at
        return due_at - NOW

    assert timedelta(minutes=2.5) <= pause(0) <= timedelta(minutes=5)
    assert timedelta(minutes=20) <= pause(3) <= timedelta(minutes=40)
    assert pause(1000) <= timedelta(hours=6)
    assert len({pause(3) for _ in range(20)}) > 5


def test_a_referral_that_the_stream_loses_repeatedly_becomes_a_task() -> None:
    lost, times = referral(), 0
    while (move := decisions.decide_due(lost, campaign(), NOW)).stage is Stage.WAITING:
        waiting = replace(lost, stage=Stage.WAITING, failed_attempts=move.failed_attempts)
        lost, times = (
            replace(lost, failed_attempts=decisions.decide_due(waiting, campaign(), NOW).failed_attempts),
            times + 1,
        )
    assert (move.stage, move.reason, times) == (Stage.HELD, "given_up", decisions.MAX_FAILED_ATTEMPTS)


# ---- Withdrawn while the message may have been sent ----

WITHDRAWN = replace(referral(), stage=Stage.QUEUED, milestones={"submitted": NOW, "withdrawn": NOW})
SENT_ONCE = {"introduction": DeliveryStatus(attempts={"ses-1": SendAttempt(NOW, "1", "c0ffee")})}


def test_a_withdrawn_referral_is_closed_before_its_message() -> None:
    assert decisions.decide_queued(WITHDRAWN, campaign(), NOW) == close(Closing.WITHDRAWN)
    by_post = replace(WITHDRAWN, doctor=replace(WITHDRAWN.doctor, email=None, phone="+12175550123"))
    assert decisions.decide_queued(by_post, campaign(), NOW) == close(Closing.WITHDRAWN)


def test_no_reminder_follows_a_message_that_was_withdrawn() -> None:
    sent = replace(WITHDRAWN, messages=SENT_ONCE)
    until_it_expires = Transition(Stage.SENT, due_at=NOW + campaign().policy.expires_after)
    later = NOW + campaign().policy.reminder_after
    assert decisions.decide_queued(replace(sent, milestones={"submitted": NOW}), campaign(), later) != until_it_expires
    assert decisions.decide_queued(sent, campaign(), later) == until_it_expires
    assert decisions.after_send(sent, campaign(), NOW) == until_it_expires


def test_no_letter_follows_a_message_that_was_withdrawn_and_bounced() -> None:
    sent = replace(WITHDRAWN, messages=SENT_ONCE)
    assert decisions.mailbox_unusable(sent, Reason.EMAIL_BOUNCED, NOW) == close(Closing.BOUNCED, at=NOW)
