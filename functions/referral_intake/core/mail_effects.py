"""Rules for how an event of the mail service changes a referral.

Events arrive at least once, in any order, or never. Milestones keep their earliest time and everything else is derived
from all known events. So the same events, repeated or reordered, give the same referral.
"""

from dataclasses import replace
from datetime import datetime

from referral_intake.core import breaker
from referral_intake.core.campaign import Campaign, Policy
from referral_intake.core.decisions import awaits
from referral_intake.core.engagement import Engagement, first_times
from referral_intake.core.errors import Stale
from referral_intake.core.mail_events import ENGAGEMENTS, Effect, Kind, MailEvent
from referral_intake.core.milestones import Milestone
from referral_intake.core.ports import Referrals
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Move, Referral, Stage, closed
from referral_intake.core.steps import Messages, Written, next_due

# Enough to distinguish people from scanners. It also limits the size of one referral.
MOST_ENGAGEMENTS = 40


def note(event: MailEvent, read: Referral, campaign: Campaign | None, referrals: Referrals) -> Effect | None:
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
    delivered_at = {step: written.delivered_at for step, written in messages.items()}
    return Effect(
        milestones=_without_engagement(facts) | first_times(engagements, delivered_at),
        messages=messages,
        engagements=engagements,
        move=_move(event, referral, messages, campaign),
        counts=[
            fact
            for fact in breaker.COUNTED
            if fact in facts and fact not in referral.milestones and event.affects_reputation
        ],
    )


def _facts(event: MailEvent) -> dict[str, datetime]:
    """Return the milestones that an event proves. Every event except Reject proves that the message was sent."""
    facts: dict[str, datetime] = {} if event.kind is Kind.REJECTED else {Kind.SENT.value: event.tried.at}
    return facts if event.kind in ENGAGEMENTS else {**facts, event.kind.value: event.at}


def _without_engagement(facts: dict[str, datetime]) -> dict[str, datetime]:
    return {
        name: at for name, at in facts.items() if name not in {Milestone.OPENED, Milestone.CLICKED, Milestone.SCANNED}
    }


def _engagements(event: MailEvent, referral: Referral) -> frozenset[Engagement]:
    if event.kind not in ENGAGEMENTS:
        return referral.engagements
    engagement = Engagement(event.at, event.step, event.kind.value, event.link, event.by_known_scanner)
    # The earliest are kept, in whatever order they arrive.
    return frozenset(sorted(referral.engagements | {engagement})[:MOST_ENGAGEMENTS])


def _messages(event: MailEvent, referral: Referral) -> Messages:
    if event.kind is Kind.REJECTED:
        return referral.messages
    written = referral.messages.get(event.step, Written()).tried(event.message_id, event.tried)
    if event.kind is Kind.DELIVERED:
        written = written.delivered(event.at)
    if event.came_back:
        written = written.came_back(event.message_id, event.at)
    return {**referral.messages, event.step: written}


def _move(event: MailEvent, referral: Referral, messages: Messages, campaign: Campaign | None) -> Move | None:
    match event.kind:
        case Kind.BOUNCED:
            return _close(referral, Closing.BOUNCED)
        case Kind.COMPLAINED:
            return _close(referral, Closing.COMPLAINED)
        case Kind.REJECTED:
            return _close(referral, Closing.REJECTED)
        case _ if campaign and _is_news(event, referral, messages, campaign.policy):
            return awaits(replace(referral, messages=messages), campaign, event.at)
        case _:
            return None


def _is_news(event: MailEvent, referral: Referral, messages: Messages, policy: Policy) -> bool:
    """Whether the event changes which message is due next: a message was sent, came back, or arrived after all."""
    before = next_due(referral.messages, policy.reminders, policy.reminder_after)
    if before == next_due(messages, policy.reminders, policy.reminder_after):
        return False
    # While a later step is in progress, an event about an earlier one does not move the referral.
    return referral.stage is Stage.SENT or (referral.stage in _ON_ITS_WAY and event.step == before[0])


_ON_ITS_WAY = frozenset({Stage.SENDING, Stage.QUEUED, Stage.WAITING, Stage.HELD})


def _close(referral: Referral, closing: Closing) -> Move | None:
    return closed(closing) if closing.outranks(referral.reason) else None
