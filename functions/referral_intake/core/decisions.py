"""What is to be done with a referral: pure decisions, made from the referral, its campaign and the time."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_intake.core.business_hours import next_daytime, zone_of
from referral_intake.core.campaign import Campaign
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import LEASE, PICKED_UP_WITHIN, Move, Referral, Stage, closed
from referral_intake.core.steps import next_due

# How often a person's work list is looked through again.
REVIEW_EVERY = timedelta(days=7)
# The pause after a setback, which doubles with each one that follows, up to a limit.
RETRY_AFTER = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=6)
# What the stream loses this many times in a row is not lost by chance.
MOST_SETBACKS = 6


@dataclass(frozen=True, slots=True)
class Write:
    """The doctor is to get this step's message."""

    step: str


def without_campaign(now: datetime) -> Move:
    """A campaign that was taken away while its referrals were on their way: a person looks."""
    return hold(Reason.CAMPAIGN_UNKNOWN, now)


def for_queued(referral: Referral, campaign: Campaign, now: datetime) -> Write | Move:
    """What `outreach` does with a referral that became queued. It never leaves it queued."""
    if now >= _expiry(referral, campaign):
        return closed(Closing.EXPIRED, at=now)
    if referral.told_by:
        return awaits(referral, campaign, now)
    if referral.doctor.email is None:
        return Move(Stage.BY_POST, due_at=now + REVIEW_EVERY, reason=Reason.NO_EMAIL)
    if not campaign.approval.covers(now.date()):
        return not_approved(now)
    step, _ = next_due(referral.messages, campaign.policy.reminders, campaign.policy.reminder_after)
    waits = awaits(referral, campaign, now)
    is_early = bool(referral.messages) and waits.due_at is not None and waits.due_at > now
    return waits if step is None or is_early else Write(step)


def for_taken(receipt: str, leader: Referral | None, now: datetime) -> Move:
    """What becomes of a referral whose doctor another one, the leader, has taken for this step.

    It is over only once the leader has written. Until then it waits, so that it takes the leader's place if that never
    does.
    """
    if leader is None or Milestone.SENT in leader.milestones:
        return closed(Closing.JOINED, receipt, at=now)
    # A leader that is closed gave the doctor back, unless nobody knows whether it wrote: then there is no hurry.
    looks_again = max(leader.due_at, now) + timedelta(minutes=1) if leader.due_at else now + timedelta(days=1)
    return Move(Stage.WAITING, due_at=looks_again, reason=Reason.JOINED, leader=receipt)


def when_due(referral: Referral, campaign: Campaign | None, now: datetime, settled: datetime | None = None) -> Move:
    """What `wake` does with an open referral whose `due_at` has come.

    `settled` is when the latest message was sent of which the mail service's events have told.
    """
    match referral.stage:
        case Stage.WAITING:
            return queue(now, referral.setbacks)
        case Stage.QUEUED if referral.setbacks >= MOST_SETBACKS:
            return hold(Reason.GIVEN_UP, now)
        case Stage.QUEUED:
            # The stream lost it, or gave it up. It fires on a change of stage only, so some time is spent waiting.
            return after_setback(referral, Reason.LOST_BY_STREAM, now)
        case Stage.SENDING:
            # The run that claimed it never said whether the message went out, nor did the mail service. If that has
            # told of a later one, there was nothing to tell of this: it may go out. Else a person decides.
            if settled and referral.due_at and settled > referral.due_at - LEASE:
                return queue(now)
            return hold(Reason.SEND_UNCLEAR, now)
        case _ if campaign and now >= _expiry(referral, campaign):
            return closed(Closing.EXPIRED, at=now)
        case Stage.SENT if campaign:
            waits = awaits(referral, campaign, now)
            return queue(now) if waits.due_at and waits.due_at <= now else waits
        case _:
            return Move(referral.stage, due_at=now + REVIEW_EVERY, reason=referral.reason)


def awaits(referral: Referral, campaign: Campaign, now: datetime) -> Move:
    """What a referral waits for once a message went out: the next one's time, or an answer until it expires.

    `now` matters only where the next message could go out already: then its time is the next in the doctor's daytime.
    """
    expiry, policy = _expiry(referral, campaign), campaign.policy
    if referral.told_by:
        return Move(Stage.SENT, due_at=expiry)  # Reminders follow an email only.
    step, due_at = next_due(referral.messages, policy.reminders, policy.reminder_after)
    if step is None or (due_at := _daytime(referral, campaign, max(due_at or now, now))) >= expiry:
        return Move(Stage.SENT, due_at=expiry)
    is_retry = step in referral.messages
    return Move(Stage.WAITING, due_at, Reason.SOFT_BOUNCED) if is_retry else Move(Stage.SENT, due_at)


def refused(referral: Referral, campaign: Campaign, now: datetime) -> Move:
    """The mail service will never take this message. A doctor who had an earlier one may still answer that."""
    expiry = _expiry(referral, campaign)
    return Move(Stage.SENT, due_at=expiry) if referral.messages else closed(Closing.REJECTED, at=now)


def approve(now: datetime) -> Move:
    """A person looked at what was held, and lets it go on."""
    return Move(Stage.QUEUED, due_at=now + PICKED_UP_WITHIN, by_a_person=True)


def not_approved(now: datetime) -> Move:
    return wait(Reason.NOT_APPROVED, now + timedelta(hours=1))


def queue(now: datetime, setbacks: int = 0) -> Move:
    return Move(Stage.QUEUED, due_at=now + PICKED_UP_WITHIN, setbacks=setbacks)


def wait(reason: Reason, until: datetime) -> Move:
    return Move(Stage.WAITING, due_at=until, reason=reason)


def hold(reason: Reason, now: datetime) -> Move:
    """A person must look."""
    return Move(Stage.HELD, due_at=now + REVIEW_EVERY, reason=reason)


def after_setback(referral: Referral, reason: str, now: datetime) -> Move:
    """It tries again later, after a longer pause each time. Referrals that failed together don't come back together."""
    longest = min(RETRY_AFTER * 2 ** min(referral.setbacks, 10), LONGEST_PAUSE)
    spread = hashlib.sha256(f"{referral.receipt} {referral.setbacks}".encode()).digest()[0] / 255
    pause = longest * (1 + spread) / 2
    return Move(Stage.WAITING, due_at=now + pause, reason=reason, setbacks=referral.setbacks + 1)


def _expiry(referral: Referral, campaign: Campaign) -> datetime:
    return referral.submitted_at + campaign.policy.expires_after


def _daytime(referral: Referral, campaign: Campaign, moment: datetime) -> datetime:
    return next_daytime(moment, zone_of(referral.doctor.address.state, campaign.policy.time_zone))
