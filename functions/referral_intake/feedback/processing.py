"""Apply one event of Amazon SES to its referral, the doctor and the campaign's breaker."""

from dataclasses import replace
from datetime import datetime

from referral_intake.core.breaker import COUNTED_MILESTONES
from referral_intake.core.errors import Unavailable
from referral_intake.core.mail_effects import apply_event
from referral_intake.core.mail_events import SUPPRESSION_REASONS, MailEvent
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral
from referral_intake.feedback import ses_events
from referral_intake.feedback.wiring import FeedbackParts
from referral_intake.observability import logs, metrics

logger = logs.logger()
"""Logs only ids, because an event contains the doctor's address."""

# Facts about a message, and the metric of each. Actions of scanners are not counted. A crash can lose a count here. The
# exact numbers are those of `stats`.
_METRICS: dict[str, str] = {
    Milestone.DELIVERED: "Delivered",
    Milestone.BOUNCED: "Bounced",
    Milestone.SOFT_BOUNCED: "SoftBounced",
    Milestone.COMPLAINED: "Complained",
    Milestone.REJECTED: "MessagesRefused",
    Milestone.OPENED: "OpenedByPeople",
    Milestone.CLICKED: "ClickedByPeople",
}


def process_event(body: str, parts: FeedbackParts, now: datetime) -> None:
    """Handle one event. If it raises, the queue delivers the event again."""
    event = ses_events.read(body, now)
    if event is None:
        logger.info("event of an unknown message")
        return
    with logs.log_context(logger, referral=event.receipt, step=event.step, kind=event.kind.value):
        try:
            _accept(event, parts)
        except Exception:
            logger.exception("event could not be taken")
            raise


def _accept(event: MailEvent, parts: FeedbackParts) -> None:
    if campaign := _apply(event, parts):
        parts.referrals.record_feedback(event.attempt.at)
        if event.kind in COUNTED_MILESTONES:
            # Also if the event was counted before: that run may have stopped before this check.
            _check_breaker(campaign, parts, event.at)
        logger.info("event taken")
    else:
        logger.warning("event of an unknown referral")


def _apply(event: MailEvent, parts: FeedbackParts) -> str | None:
    """Apply the event. Return the name of the referral's campaign, or None if there is no such referral."""
    referral = parts.referrals.get(event.receipt, consistent=True)
    if referral is None:
        return None
    if fact := SUPPRESSION_REASONS.get(event.kind):
        # First the doctor, because only that stops messages. The referral only records it.
        _suppress(referral, fact, parts, event)
    campaign = parts.campaigns.get(referral.campaign)
    if (effect := apply_event(event, referral, campaign, parts.referrals)) is None:
        return None
    for news in (effect.milestones.keys() - referral.milestones.keys()) & _METRICS.keys():
        metrics.count(_METRICS[news], campaign=referral.campaign)
    return referral.campaign


def _check_breaker(name: str, parts: FeedbackParts, now: datetime) -> None:
    campaign = parts.campaigns.get(name)
    trip = parts.breaker.check(name, campaign.breaker, now) if campaign else None
    if trip is None:
        return
    # A metric for alarms, and an event for programs. Each can be repeated.
    metrics.count("BreakerTripped", campaign=name, reason=trip.reason)
    logger.error("the breaker stopped the campaign", campaign=name, reason=trip.reason)
    try:
        parts.announcements.breaker_tripped(trip)
    except Unavailable:
        logger.exception("breaker event not published yet", campaign=name)
        raise
    parts.breaker.mark_announced(trip)


def _suppress(referral: Referral, fact: Closing, parts: FeedbackParts, event: MailEvent) -> None:
    # A person may have changed the address since. The event is about the one to which the message was sent.
    recipient = event.recipient or referral.doctor.email
    keys, _ = parts.doctor_keys.of(replace(referral, doctor=replace(referral.doctor, email=recipient)))
    parts.suppressions.suppress(keys, fact, referral.receipt, event.at)
