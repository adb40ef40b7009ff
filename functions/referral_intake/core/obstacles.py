"""Decide what to do with a referral if the doctor's records keep it from telling its doctor."""

from collections.abc import Callable
from datetime import datetime, timedelta

from referral_intake.core import decisions
from referral_intake.core.claim import AlreadyClaimed, MailboxSuppressed, MustHold, Obstacle, Suppressed
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage, Transition, close
from referral_intake.core.steps import INTRODUCTION, last_failure


def may_take_over(referral: Referral, claimed: AlreadyClaimed, leader: Referral | None) -> bool:
    """Whether the referral may replace the leader's claim, because the leader certainly did not tell the doctor."""
    if leader is None or leader.contact_channel:
        return False
    if _introduction_bounced(leader):
        # If the leader waits for a letter, only an email to another mailbox is quicker.
        return leader.reason == Closing.BOUNCED or (
            leader.reason == Reason.EMAIL_BOUNCED and referral.doctor.email not in {None, leader.doctor.email}
        )
    return claimed.is_reservation and leader.stage is Stage.CLOSED and not leader.may_have_been_sent


def decide_already_claimed(claimed: AlreadyClaimed, leader: Referral | None, now: datetime) -> Transition:
    """Decide what to do with a referral if another referral, the leader, has claimed the doctor for this step.

    The referral is closed only after the leader has told the doctor. Until then it waits. If the leader is closed
    without telling the doctor, the referral takes its place.
    """
    receipt = claimed.leader
    if leader is None or (Milestone.SENT in leader.milestones and leader.stage is not Stage.BY_POST):
        return close(Closing.JOINED, receipt, at=now)
    # A leader that is closed releases the doctor, unless it is unclear whether its message was sent. Then a check once
    # a day is enough.
    check_at = max(leader.due_at, now) + timedelta(minutes=1) if leader.due_at else now + timedelta(days=1)
    return Transition(Stage.WAITING, due_at=check_at, reason=Reason.JOINED, leader=receipt)


def after_obstacle(
    obstacle: Obstacle, referral: Referral, find: Callable[[str], Referral | None], now: datetime
) -> Transition:
    """Decide what to do with a referral that may not tell its doctor. `find` returns a referral by its receipt."""
    match obstacle:
        case AlreadyClaimed(leader):
            return decide_already_claimed(obstacle, find(leader), now)
        case Suppressed(reason, through):
            return close(reason, (through or None) if through != referral.receipt else None, at=now)
        case MustHold(reason, other):
            return decisions.hold(reason, now, other or None)
        case MailboxSuppressed(reason):
            return decisions.mailbox_unusable(referral, reason, now)


def _introduction_bounced(referral: Referral) -> bool:
    return last_failure(referral.messages) == (INTRODUCTION, Reason.EMAIL_BOUNCED)
