"""Rules for how an event of the mail service changes a referral.

Events arrive at least once, in any order, or never. Milestones keep their earliest time and everything else is derived
from all known events. So the same events, repeated or reordered, give the same referral.
"""

from dataclasses import replace
from datetime import datetime

from referral_intake.core import breaker, information
from referral_intake.core.campaign import Campaign, Policy
from referral_intake.core.decisions import after_failure, after_send
from referral_intake.core.engagement import Engagement, first_times
from referral_intake.core.errors import Stale
from referral_intake.core.mail_events import ENGAGEMENT_KINDS, Effect, EventKind, MailEvent
from referral_intake.core.milestones import Milestone
from referral_intake.core.ports import Referrals
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage, Transition, close
from referral_intake.core.steps import INFORMATION, DeliveryStatus, DeliveryStatuses, last_failure, next_due

# Enough to distinguish people from scanners. It also limits the size of one referral.
MAX_ENGAGEMENTS = 40


def apply_event(event: MailEvent, read: Referral, campaign: Campaign | None, referrals: Referrals) -> Effect | None:
    """Apply an event to a referral. If the referral changed since it was read, read it again and retry.

    Return the change that was written, or None if the referral no longer exists.
    """
    referral: Referral | None = read
    while referral:
        change = effect(event, referral, campaign)
        try:
            referrals.apply(referral, change, event.at)
            return change
        except Stale:
            # Each retry follows a completed write of another request, so this loop ends.
            referral = referrals.get(referral.receipt, consistent=True)
    return None


def effect(event: MailEvent, referral: Referral, campaign: Campaign | None) -> Effect:
    """Return how `event` changes the referral in its current state."""
    engagements, messages = _engagements(event, referral), _messages(event, referral)
    facts = dict(referral.milestones)
    for kind, at in _facts(event).items():
        facts[kind] = min(at, facts.get(kind, at))
    delivered_at = {step: delivery.delivered_at for step, delivery in messages.items()}
    return Effect(
        milestones=_without_engagement(facts) | first_times(engagements, delivered_at),
        messages=messages,
        engagements=engagements,
        move=_move(event, referral, messages, campaign),
        counts=[
            fact
            for fact in breaker.COUNTED_MILESTONES
            if fact in facts and fact not in referral.milestones and event.affects_reputation
        ],
    )


def _facts(event: MailEvent) -> dict[str, datetime]:
    """Return the milestones that an event proves. Every event except Reject proves that the message was sent."""
    facts: dict[str, datetime] = {} if event.kind is EventKind.REJECTED else {EventKind.SENT.value: event.attempt.at}
    if facts and event.step == INFORMATION:
        facts[Milestone.INFORMATION_SENT] = event.attempt.at
    return facts if event.kind in ENGAGEMENT_KINDS else {**facts, event.kind.value: event.at}


def _without_engagement(facts: dict[str, datetime]) -> dict[str, datetime]:
    return {
        name: at for name, at in facts.items() if name not in {Milestone.OPENED, Milestone.CLICKED, Milestone.SCANNED}
    }


def _engagements(event: MailEvent, referral: Referral) -> frozenset[Engagement]:
    if event.kind not in ENGAGEMENT_KINDS:
        return referral.engagements
    engagement = Engagement(event.at, event.step, event.kind.value, event.link, event.by_known_scanner)
    # Keep the earliest, so that the order in which they arrive does not matter.
    return frozenset(sorted(referral.engagements | {engagement})[:MAX_ENGAGEMENTS])


def _messages(event: MailEvent, referral: Referral) -> DeliveryStatuses:
    if event.kind is EventKind.REJECTED:
        return referral.messages
    delivery = referral.messages.get(event.step, DeliveryStatus()).with_attempt(event.message_id, event.attempt)
    if event.kind is EventKind.DELIVERED:
        delivery = delivery.with_delivery(event.at)
    if event.is_retryable:
        delivery = delivery.with_soft_bounce(event.message_id, event.at)
    if event.failure:
        delivery = delivery.with_failure(event.message_id, event.failure)
    return {**referral.messages, event.step: delivery}


def _move(
    event: MailEvent, referral: Referral, messages: DeliveryStatuses, campaign: Campaign | None
) -> Transition | None:
    match event.kind:
        case _ if event.failure:
            return _after_failure(event, referral, messages)
        case EventKind.COMPLAINED:
            return _close(referral, Closing.COMPLAINED)
        case EventKind.REJECTED if information.is_in_progress(referral):
            return close(Closing.ANSWERED) if event.step == INFORMATION else None
        case EventKind.REJECTED:
            return _close(referral, Closing.REJECTED)
        case _ if event.step == INFORMATION or information.is_in_progress(referral):
            return information.after_event(referral, messages)
        case _ if campaign and _changes_next_message(event, referral, messages, campaign.policy):
            return after_send(replace(referral, messages=messages), campaign, event.at)
        case _:
            return None


def _after_failure(event: MailEvent, referral: Referral, messages: DeliveryStatuses) -> Transition | None:
    if event.step == INFORMATION:
        # Then it is a task for a person again.
        return close(Closing.ANSWERED) if information.is_in_progress(referral) else None
    if referral.stage is Stage.CLOSED:
        # A repeated event: the referral may have waited for a letter since, and expired.
        is_known = messages == referral.messages
        return _close(referral, Closing.BOUNCED) if event.kind is EventKind.BOUNCED and not is_known else None
    if last_failure(messages) != (event.step, event.failure) or referral.contact_channel:
        return None
    move = after_failure(replace(referral, messages=messages), event.at)
    if move.stage is Stage.CLOSED:
        return close(Closing.BOUNCED)
    # Of two events, the earlier one counts, whichever arrives first.
    is_known = (referral.stage, referral.reason) == (move.stage, move.reason)
    return None if is_known and referral.due_at and move.due_at and referral.due_at <= move.due_at else move


def _changes_next_message(event: MailEvent, referral: Referral, messages: DeliveryStatuses, policy: Policy) -> bool:
    """Whether the event changes which message is due next, or when."""
    before = next_due(referral.messages, policy.reminders, policy.reminder_after)
    if before == next_due(messages, policy.reminders, policy.reminder_after):
        return False
    # While a later step is in progress, an event about an earlier step does not change the stage.
    return referral.stage is Stage.SENT or (referral.stage in _IN_PROGRESS and event.step == before[0])


_IN_PROGRESS = frozenset({Stage.SENDING, Stage.QUEUED, Stage.WAITING, Stage.HELD})


def _close(referral: Referral, closing: Closing) -> Transition | None:
    return close(closing) if closing.outranks(referral.reason) else None
