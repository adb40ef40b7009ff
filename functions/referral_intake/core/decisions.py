"""Decide what to do with a referral. The decisions are pure: they depend on the referral, its campaign and the time."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_intake.core.business_hours import next_daytime, zone_of
from referral_intake.core.campaign import Campaign
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import LEASE, PICKED_UP_WITHIN, Move, Referral, Stage, closed
from referral_intake.core.steps import next_due

# How often a referral that waits for a person gets a new `due_at`.
REVIEW_EVERY = timedelta(days=7)
# The pause after a setback. It doubles with each consecutive setback, up to LONGEST_PAUSE.
RETRY_AFTER = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=6)
# A referral that the stream loses this many times in a row is held: another retry would not help.
MOST_SETBACKS = 6


@dataclass(frozen=True, slots=True)
class Write:
    """Send this step's message to the doctor."""

    step: str


def without_campaign(now: datetime) -> Move:
    """Hold a referral whose campaign was removed, for a person's review."""
    return hold(Reason.CAMPAIGN_UNKNOWN, now)


def for_queued(referral: Referral, campaign: Campaign, now: datetime) -> Write | Move:
    """Decide what `outreach` does with a queued referral. The result never leaves it queued."""
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
    """Decide what to do with a referral if another one, the leader, has claimed its doctor for this step.

    It is closed only after the leader's message was sent. Until then it waits, and sends the message itself if the
    leader closes without sending.
    """
    if leader is None or Milestone.SENT in leader.milestones:
        return closed(Closing.JOINED, receipt, at=now)
    # A closed leader releases the doctor, except if it is unclear whether it sent: then a check once a day is enough.
    looks_again = max(leader.due_at, now) + timedelta(minutes=1) if leader.due_at else now + timedelta(days=1)
    return Move(Stage.WAITING, due_at=looks_again, reason=Reason.JOINED, leader=receipt)


def when_due(
    referral: Referral, campaign: Campaign | None, now: datetime, latest_feedback: datetime | None = None
) -> Move:
    """Decide what `wake` does with an open referral whose `due_at` has passed.

    `latest_feedback` is the time of sending of the latest message that SES events have reported on.
    """
    match referral.stage:
        case Stage.WAITING:
            return queue(now, referral.setbacks)
        case Stage.QUEUED if referral.setbacks >= MOST_SETBACKS:
            return hold(Reason.GIVEN_UP, now)
        case Stage.QUEUED:
            # The stream lost the record or gave up on it. Only a change of stage triggers `outreach`, so the referral
            # waits first.
            return after_setback(referral, Reason.LOST_BY_STREAM, now)
        case Stage.SENDING:
            # Neither the run that claimed it nor SES reported whether the message was sent. If SES has reported on a
            # later message, this one was not sent and can be retried. Otherwise a person decides.
            if latest_feedback and referral.due_at and latest_feedback > referral.due_at - LEASE:
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
    """Return the move after a message was sent: wait for the next message's time, or for an answer until expiry.

    `now` matters only if the next message is already due. Then it is sent in the doctor's next working hours.
    """
    expiry, policy = _expiry(referral, campaign), campaign.policy
    if referral.told_by:
        return Move(Stage.SENT, due_at=expiry)  # Reminders follow only an email.
    step, due_at = next_due(referral.messages, policy.reminders, policy.reminder_after)
    if step is None or (due_at := _daytime(referral, campaign, max(due_at or now, now))) >= expiry:
        return Move(Stage.SENT, due_at=expiry)
    is_retry = step in referral.messages
    return Move(Stage.WAITING, due_at, Reason.SOFT_BOUNCED) if is_retry else Move(Stage.SENT, due_at)


def refused(referral: Referral, campaign: Campaign, now: datetime) -> Move:
    """Decide what to do if SES refused the message for good.

    A doctor who got an earlier message may still answer it.
    """
    expiry = _expiry(referral, campaign)
    return Move(Stage.SENT, due_at=expiry) if referral.messages else closed(Closing.REJECTED, at=now)


def approve(now: datetime) -> Move:
    """Queue a referral that a person has approved."""
    return Move(Stage.QUEUED, due_at=now + PICKED_UP_WITHIN, by_a_person=True)


def not_approved(now: datetime) -> Move:
    return wait(Reason.NOT_APPROVED, now + timedelta(hours=1))


def queue(now: datetime, setbacks: int = 0) -> Move:
    return Move(Stage.QUEUED, due_at=now + PICKED_UP_WITHIN, setbacks=setbacks)


def wait(reason: Reason, until: datetime) -> Move:
    return Move(Stage.WAITING, due_at=until, reason=reason)


def hold(reason: Reason, now: datetime) -> Move:
    """Hold the referral for a person's review."""
    return Move(Stage.HELD, due_at=now + REVIEW_EVERY, reason=reason)


def after_setback(referral: Referral, reason: str, now: datetime) -> Move:
    """Wait before a retry, longer after each setback.

    A jitter spreads the retries of referrals that failed together.
    """
    longest = min(RETRY_AFTER * 2 ** min(referral.setbacks, 10), LONGEST_PAUSE)
    spread = hashlib.sha256(f"{referral.receipt} {referral.setbacks}".encode()).digest()[0] / 255
    pause = longest * (1 + spread) / 2
    return Move(Stage.WAITING, due_at=now + pause, reason=reason, setbacks=referral.setbacks + 1)


def _expiry(referral: Referral, campaign: Campaign) -> datetime:
    return referral.submitted_at + campaign.policy.expires_after


def _daytime(referral: Referral, campaign: Campaign, moment: datetime) -> datetime:
    return next_daytime(moment, zone_of(referral.doctor.address.state, campaign.policy.time_zone))
