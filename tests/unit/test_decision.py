"""What is done with a referral, by its stage, its campaign and the time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from referral_intake.domain import decision
from referral_intake.domain.decision import Write
from referral_intake.domain.referral import LEASE, Closing, Move, Stage
from tests.support.samples import NOW, campaign, referral


def test_a_doctor_with_an_email_address_is_written_to() -> None:
    assert decision.for_queued(referral(), campaign(), NOW) == Write("introduction")


def test_a_doctor_without_one_is_left_to_people() -> None:
    decided = decision.for_queued(referral(email=None, phone="212 555 0123"), campaign(), NOW)
    assert isinstance(decided, Move)
    assert (decided.stage, decided.reason) == (Stage.BY_POST, "no_email")


@pytest.mark.parametrize("days", [-60, 400])
def test_only_approved_unexpired_content_is_sent(days: int) -> None:
    then = NOW + timedelta(days=days)
    fresh = replace(referral(), milestones={"submitted": then})
    decided = decision.for_queued(fresh, campaign(), then)
    assert isinstance(decided, Move)
    assert (decided.stage, decided.reason) == (Stage.WAITING, "not_approved")


def test_the_last_day_of_an_approval_still_counts() -> None:
    approval = campaign().approval
    assert approval.covers(approval.expires_on)
    assert not approval.covers(approval.expires_on + timedelta(days=1))


def test_a_referral_that_waited_too_long_expires_instead_of_surprising_the_doctor() -> None:
    decided = decision.for_queued(referral(), campaign(), NOW + campaign().policy.expires_after)
    assert isinstance(decided, Move)
    assert decided.reason == Closing.EXPIRED


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.WAITING, (Stage.QUEUED, None)),
        (Stage.QUEUED, (Stage.WAITING, "lost_by_stream")),
        (Stage.SENDING, (Stage.HELD, "send_unclear")),
        (Stage.SENT, (Stage.CLOSED, "expired")),
        (Stage.HELD, (Stage.HELD, None)),
        (Stage.BY_POST, (Stage.BY_POST, None)),
    ],
)
def test_whatever_is_due_moves_on(stage: Stage, expected: tuple[Stage, str | None]) -> None:
    move = decision.when_due(replace(referral(), stage=stage), campaign(), NOW)
    assert (move.stage, move.reason) == expected
    assert move.due_at is None or move.due_at > NOW


@pytest.mark.parametrize("stage", [Stage.HELD, Stage.BY_POST])
def test_what_nobody_looked_at_expires_in_the_end(stage: Stage) -> None:
    late = NOW + campaign().policy.expires_after
    assert decision.when_due(replace(referral(), stage=stage), campaign(), late).reason == Closing.EXPIRED


def test_a_referral_behind_a_leader_looks_again_after_it_and_once_a_day_where_it_is_closed() -> None:
    leader = replace(referral(), stage=Stage.SENDING, due_at=NOW + LEASE)
    behind = decision.for_taken(leader.receipt, leader, NOW)
    assert (behind.stage, behind.due_at) == (Stage.WAITING, NOW + LEASE + timedelta(minutes=1))
    closed_unsent = replace(leader, stage=Stage.CLOSED, due_at=None)
    assert decision.for_taken(leader.receipt, closed_unsent, NOW).due_at == NOW + timedelta(days=1)


def test_a_referral_behind_a_leader_that_wrote_is_over() -> None:
    leader = replace(referral(), stage=Stage.SENT, milestones={"submitted": NOW, "sent": NOW})
    assert decision.for_taken(leader.receipt, leader, NOW).reason == Closing.JOINED
    assert decision.for_taken(leader.receipt, None, NOW).reason == Closing.JOINED


def test_an_unclear_send_goes_out_again_once_the_mail_service_has_told_of_a_later_one() -> None:
    claimed_at = NOW - LEASE
    unclear = replace(referral(), stage=Stage.SENDING, due_at=NOW)
    later, earlier = claimed_at + timedelta(seconds=1), claimed_at - timedelta(seconds=1)
    assert decision.when_due(unclear, campaign(), NOW, later).stage is Stage.QUEUED
    assert decision.when_due(unclear, campaign(), NOW, earlier).reason == "send_unclear"
