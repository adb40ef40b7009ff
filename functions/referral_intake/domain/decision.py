"""What is to be done with a referral: pure decisions, made from the referral, its campaign and the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_intake.domain.campaign import Campaign
from referral_intake.domain.referral import LEASE, PICKED_UP_WITHIN, Closing, Move, Referral, Stage, closed

INTRODUCTION = "introduction"
# How often a person's work list is looked through again.
REVIEW_EVERY = timedelta(days=7)
RETRY_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Write:
    """The doctor is to get this step's message."""

    step: str


def without_campaign(now: datetime) -> Move:
    """A campaign that was taken away while its referrals were on their way: a person looks."""
    return Move(Stage.HELD, due_at=now + REVIEW_EVERY, reason="campaign_unknown")


def for_queued(referral: Referral, campaign: Campaign, now: datetime) -> Write | Move:
    """What `outreach` does with a referral that became queued. It never leaves it queued."""
    if now >= referral.submitted_at + campaign.policy.expires_after:
        return closed(Closing.EXPIRED)
    if referral.doctor.email is None:
        return Move(Stage.BY_POST, due_at=now + REVIEW_EVERY, reason="no_email")
    if not campaign.approval.covers(now.date()):
        return wait("not_approved", now + timedelta(hours=1))
    return Write(INTRODUCTION)


def for_taken(receipt: str, leader: Referral | None, now: datetime) -> Move:
    """What becomes of a referral whose doctor another one, the leader, has taken for this step.

    It is over only once the leader has written. Until then it waits, so that it takes the leader's place if that never
    does.
    """
    if leader is None or "sent" in leader.milestones:
        return closed(Closing.JOINED, receipt)
    # A leader that is closed gave the doctor back, unless nobody knows whether it wrote: then there is no hurry.
    looks_again = max(leader.due_at, now) + timedelta(minutes=1) if leader.due_at else now + timedelta(days=1)
    return Move(Stage.WAITING, due_at=looks_again, reason="joined", leader=receipt)


def when_due(referral: Referral, campaign: Campaign | None, now: datetime, settled: datetime | None = None) -> Move:
    """What `wake` does with an open referral whose `due_at` has come.

    `settled` is when the latest message was sent of which the mail service's events have told.
    """
    match referral.stage:
        case Stage.WAITING:
            return queue(now)
        case Stage.QUEUED:
            # The stream lost it. It only fires on a change of stage, so one minute is spent waiting.
            return wait("lost_by_stream", now + timedelta(minutes=1))
        case Stage.SENDING:
            # The run that claimed it never said whether the message went out, nor did the mail service. If that has
            # told of a later one, there was nothing to tell of this: it may go out. Else a person decides.
            if settled and referral.due_at and settled > referral.due_at - LEASE:
                return queue(now)
            return Move(Stage.HELD, due_at=now + REVIEW_EVERY, reason="send_unclear")
        case Stage.SENT:
            return closed(Closing.EXPIRED)
        case _ if campaign and now >= referral.submitted_at + campaign.policy.expires_after:
            return closed(Closing.EXPIRED)
        case _:
            return Move(referral.stage, due_at=now + REVIEW_EVERY, reason=referral.reason)


def after_sending(referral: Referral, campaign: Campaign, now: datetime) -> Move:
    """A message went out: the referral stays open for an answer until it expires."""
    return Move(Stage.SENT, due_at=max(now, referral.submitted_at + campaign.policy.expires_after))


def queue(now: datetime) -> Move:
    return Move(Stage.QUEUED, due_at=now + PICKED_UP_WITHIN)


def wait(reason: str, until: datetime) -> Move:
    return Move(Stage.WAITING, due_at=until, reason=reason)
