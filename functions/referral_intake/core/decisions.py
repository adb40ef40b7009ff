"""Decide what to do with a referral. The decisions are pure: they depend on the referral, its campaign and the time."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from referral_intake.core import information
from referral_intake.core.business_hours import next_business_time, zone_of
from referral_intake.core.campaign import Campaign
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import LEASE, QUEUED_TIMEOUT, Referral, Stage, Transition, close
from referral_intake.core.steps import INFORMATION, INTRODUCTION, last_failure, next_due

# A referral that waits for a person gets a new `due_at` at this interval.
REVIEW_INTERVAL = timedelta(days=7)
# How long a suspected bot's referral waits for a person. Otherwise anyone could fill the list of open work for nothing.
UNCONFIRMED_TIME = timedelta(days=14)
_SUSPECTED_BOT = frozenset({Reason.NO_PROOF_OF_WORK, Reason.TOO_FAST, Reason.CROSS_SITE, Reason.HONEYPOT})
# The delay of a retry after sending failed. It doubles with each consecutive failure, up to MAX_RETRY_DELAY.
RETRY_DELAY = timedelta(minutes=5)
MAX_RETRY_DELAY = timedelta(hours=6)
# After this many consecutive failures, a referral that the stream lost is held for a person.
MAX_FAILED_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class SendStep:
    """Send this step's message to the doctor."""

    step: str


def hold_without_campaign(now: datetime) -> Transition:
    """Hold a referral whose campaign was removed, for a person's review."""
    return hold(Reason.CAMPAIGN_UNKNOWN, now)


def decide_queued(referral: Referral, campaign: Campaign, now: datetime) -> SendStep | Transition:
    """Decide what `outreach` does with a queued referral. The result never leaves it queued."""
    if information.is_in_progress(referral):
        return _decide_information(referral, campaign, now)
    if now >= _expiry(referral, campaign):
        return close(Closing.EXPIRED, at=now)
    is_withdrawn = Milestone.WITHDRAWN in referral.milestones
    if is_withdrawn and not referral.messages:
        return close(Closing.WITHDRAWN)
    if referral.contact_channel or is_withdrawn:
        return after_send(referral, campaign, now)
    if referral.doctor.email is None:
        return by_post(Reason.NO_EMAIL, now)
    if last_failure(referral.messages):
        return after_failure(referral, now)
    if not campaign.approval.covers(now.date()):
        return wait_for_approval(now)
    step, _ = next_due(referral.messages, campaign.policy.reminders, campaign.policy.reminder_after)
    waits = after_send(referral, campaign, now)
    is_early = bool(referral.messages) and waits.due_at is not None and waits.due_at > now
    return waits if step is None or is_early else SendStep(step)


def introduction_wait(referral: Referral, campaign: Campaign, now: datetime) -> Transition | None:
    """Return the wait for the time at which the introduction may be sent, or None if it may be sent now."""
    if referral.is_test:
        return None
    start = max(referral.submitted_at + campaign.policy.grace, now)
    if campaign.policy.introduction_in_office_hours:
        start = _business_time(referral, campaign, start)
    return wait(Reason.SCHEDULED, start) if start > now else None


def _decide_information(referral: Referral, campaign: Campaign, now: datetime) -> SendStep | Transition:
    if information.is_sent(referral.messages) or not information.can_send(referral, campaign):
        return close(Closing.ANSWERED)
    return SendStep(INFORMATION) if campaign.approval.covers(now.date()) else wait_for_approval(now)


def decide_due(
    referral: Referral, campaign: Campaign | None, now: datetime, latest_feedback: datetime | None = None
) -> Transition:
    """Decide what `wake` does with an open referral whose `due_at` has passed.

    `latest_feedback` is when the latest message was sent for which an SES event has arrived.
    """
    match referral.stage:
        case Stage.WAITING:
            return queue(now, referral.failed_attempts)
        case Stage.QUEUED if referral.failed_attempts >= MAX_FAILED_ATTEMPTS:
            return hold(Reason.RETRIES_EXHAUSTED, now)
        case Stage.QUEUED:
            # The stream lost the record, or all of its retries failed. Only a change of stage triggers `outreach`, so
            # the referral waits first.
            return retry_later(referral, Reason.LOST_BY_STREAM, now)
        case Stage.SENDING:
            # Neither the run that claimed the referral nor an SES event reported whether the message was sent. If an
            # event of a later message has arrived, this message was not sent and can be retried. Otherwise a person
            # decides.
            if latest_feedback and referral.due_at and latest_feedback > referral.due_at - LEASE:
                return queue(now)
            return hold(Reason.SEND_UNCLEAR, now)
        case _ if campaign and now >= _expiry(referral, campaign) and not information.is_in_progress(referral):
            return close(Closing.EXPIRED, at=now)
        case Stage.HELD if _is_unconfirmed(referral, now):
            return close(Closing.EXPIRED, at=now)
        case Stage.SENT if campaign:
            waits = after_send(referral, campaign, now)
            return queue(now) if waits.due_at and waits.due_at <= now else waits
        case _:
            # This write also repairs a lost entry of the referral's group.
            return Transition(
                referral.stage, now + REVIEW_INTERVAL, referral.reason, referral.leader, group=referral.group
            )


def after_send(referral: Referral, campaign: Campaign, now: datetime) -> Transition:
    """Return the transition after a send: wait until the next message is due, or for an answer until expiry.

    `now` matters only if the next message is already due. Then it is sent in the doctor's next working hours.
    """
    expiry, policy = _expiry(referral, campaign), campaign.policy
    if referral.contact_channel or Milestone.WITHDRAWN in referral.milestones:
        return Transition(Stage.SENT, due_at=expiry)  # Reminders follow only an email that was not withdrawn.
    step, due_at = next_due(referral.messages, policy.reminders, policy.reminder_after)
    if step is None or (due_at := _business_time(referral, campaign, max(due_at or now, now))) >= expiry:
        return Transition(Stage.SENT, due_at=expiry)
    is_retry = step in referral.messages
    return Transition(Stage.WAITING, due_at, Reason.SOFT_BOUNCED) if is_retry else Transition(Stage.SENT, due_at)


def after_refusal(referral: Referral, campaign: Campaign, now: datetime) -> Transition:
    """Decide what to do after SES permanently refused the message. A doctor may still answer an earlier message."""
    if information.is_in_progress(referral):
        return close(Closing.ANSWERED)  # Then it is a task for a person.
    expiry = _expiry(referral, campaign)
    return Transition(Stage.SENT, due_at=expiry) if referral.messages else close(Closing.REJECTED, at=now)


def approve(now: datetime) -> Transition:
    """Queue a referral that a person has approved."""
    return Transition(Stage.QUEUED, due_at=now + QUEUED_TIMEOUT, by_a_person=True)


def wait_for_approval(now: datetime) -> Transition:
    return wait(Reason.NOT_APPROVED, now + timedelta(hours=1))


def queue(now: datetime, failed_attempts: int = 0) -> Transition:
    return Transition(Stage.QUEUED, due_at=now + QUEUED_TIMEOUT, failed_attempts=failed_attempts)


def wait(reason: Reason, until: datetime) -> Transition:
    return Transition(Stage.WAITING, due_at=until, reason=reason)


def hold(reason: Reason, now: datetime, other: str | None = None, group: str | None = None) -> Transition:
    """Hold the referral for a person's review. `other` is the receipt of a referral to compare it with.

    With `group`, it is listed with the other referrals of the group.
    """
    return Transition(Stage.HELD, due_at=now + REVIEW_INTERVAL, reason=reason, leader=other, group=group)


def by_post(reason: Reason, now: datetime) -> Transition:
    """Let a person send a letter or call."""
    return Transition(Stage.BY_POST, due_at=now + REVIEW_INTERVAL, reason=reason)


def after_failure(referral: Referral, now: datetime) -> Transition:
    """Decide what to do after the last message failed and must not be sent again without a person."""
    failed = last_failure(referral.messages)
    assert failed, "the last message must have failed"
    reason = Reason(failed[1])
    return mailbox_unusable(referral, reason, now) if reason is Reason.EMAIL_BOUNCED else hold(reason, now)


def mailbox_unusable(referral: Referral, reason: Reason, now: datetime) -> Transition:
    """Decide what to do if the mailbox must not get messages: a letter or a call, unless there is no way to do it."""
    doctor = referral.doctor
    if set(referral.messages) > {INTRODUCTION} or Milestone.WITHDRAWN in referral.milestones:
        return close(Closing.BOUNCED, at=now)  # The introduction arrived, or nothing more may be sent.
    if reason is Reason.EMAIL_BOUNCED and not (doctor.phone or doctor.address.is_whole):
        return close(Closing.BOUNCED, at=now)
    return by_post(reason, now)


def retry_later(referral: Referral, reason: str, now: datetime) -> Transition:
    """Wait before a retry, longer after each consecutive failure. Jitter spreads referrals that failed together."""
    longest_delay = min(RETRY_DELAY * 2 ** min(referral.failed_attempts, 10), MAX_RETRY_DELAY)
    jitter = hashlib.sha256(f"{referral.receipt} {referral.failed_attempts}".encode()).digest()[0] / 255
    delay = longest_delay * (1 + jitter) / 2
    return Transition(Stage.WAITING, due_at=now + delay, reason=reason, failed_attempts=referral.failed_attempts + 1)


def _is_unconfirmed(referral: Referral, now: datetime) -> bool:
    """Whether a suspected bot sent the referral, and no person did anything about it in time."""
    is_suspected = referral.reason in _SUSPECTED_BOT and not referral.user_actions
    return is_suspected and now >= referral.submitted_at + UNCONFIRMED_TIME


def _expiry(referral: Referral, campaign: Campaign) -> datetime:
    return referral.submitted_at + campaign.policy.expires_after


def _business_time(referral: Referral, campaign: Campaign, moment: datetime) -> datetime:
    return next_business_time(moment, zone_of(referral.doctor.address.state, campaign.policy.time_zone))
