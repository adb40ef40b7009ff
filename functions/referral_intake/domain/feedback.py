"""What the mail service tells of a message afterwards: at least once, in any order, and perhaps never.

So nothing here counts or toggles. Facts have times, and the earliest stands; what is derived from them is worked out
anew from all of them. Applying the same events twice, or shuffled, gives the same referral.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from referral_intake.domain import breaker
from referral_intake.domain.campaign import Campaign
from referral_intake.domain.decision import after_sending
from referral_intake.domain.engagement import CLICKED, OPENED, SCANNED, Engagement, first_times
from referral_intake.domain.referral import Closing, Move, Referral, Stage, closed

# Enough to tell people from scanners, and a bound on what one referral holds.
MOST_ENGAGEMENTS = 40


class Kind(StrEnum):
    """What an event can say, by the milestone that it sets."""

    SENT = "sent"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    BOUNCED = "bounced"
    SOFT_BOUNCED = "soft_bounced"
    COMPLAINED = "complained"
    REJECTED = "rejected"
    OPENED = OPENED
    CLICKED = CLICKED


ENGAGEMENTS = frozenset({Kind.OPENED, Kind.CLICKED})


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One event about one message. `at` is when it happened, `sent_at` when the message was sent."""

    receipt: str
    step: str
    message_id: str
    kind: Kind
    at: datetime
    sent_at: datetime
    link: str = ""
    by_known_scanner: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event changes. `suppress` is a fact about the doctor that forbids writing from now on.

    `counts` are the facts that were not known before, for the campaign's breaker.
    """

    milestones: dict[str, datetime]
    engagements: frozenset[Engagement]
    move: Move | None
    suppress: Closing | None
    counts: list[str]


def effect(event: MailEvent, referral: Referral, campaign: Campaign | None) -> Effect:
    """What `event` makes of the referral as it is now."""
    engagements = _engagements(event, referral)
    facts = dict(referral.milestones)
    for kind, at in _facts(event).items():
        facts[kind] = min(at, facts.get(kind, at))
    return Effect(
        milestones=_without_engagement(facts) | first_times(engagements, facts.get(Kind.DELIVERED)),
        engagements=engagements,
        move=_move(event, referral, campaign),
        counts=[fact for fact in breaker.COUNTED if fact in facts and fact not in referral.milestones],
        suppress={Kind.BOUNCED: Closing.BOUNCED, Kind.COMPLAINED: Closing.COMPLAINED}.get(event.kind),
    )


def _facts(event: MailEvent) -> dict[str, datetime]:
    """The milestones that an event proves. Each but Reject proves that the message was sent."""
    facts = {} if event.kind is Kind.REJECTED else {Kind.SENT.value: event.sent_at}
    return facts if event.kind in ENGAGEMENTS else {**facts, event.kind.value: event.at}


def _without_engagement(facts: dict[str, datetime]) -> dict[str, datetime]:
    return {name: at for name, at in facts.items() if name not in {OPENED, CLICKED, SCANNED}}


def _engagements(event: MailEvent, referral: Referral) -> frozenset[Engagement]:
    if event.kind not in ENGAGEMENTS:
        return referral.engagements
    engagement = Engagement(event.at, event.kind.value, event.link, event.by_known_scanner)
    # The earliest are kept, whatever order they come in.
    return frozenset(sorted(referral.engagements | {engagement})[:MOST_ENGAGEMENTS])


def _move(event: MailEvent, referral: Referral, campaign: Campaign | None) -> Move | None:
    match event.kind:
        case Kind.BOUNCED:
            return _close(referral, Closing.BOUNCED)
        case Kind.COMPLAINED:
            return _close(referral, Closing.COMPLAINED)
        case Kind.REJECTED:
            return _close(referral, Closing.REJECTED)
        case _ if campaign and referral.stage in _AWAITS_NEWS:
            return after_sending(referral, campaign, event.sent_at)
        case _:
            return None


# An answer of the mail service that was lost: any event proves now that the message went out.
_AWAITS_NEWS = frozenset({Stage.SENDING, Stage.QUEUED, Stage.WAITING, Stage.HELD})


def _close(referral: Referral, closing: Closing) -> Move | None:
    return closed(closing) if closing.outranks(referral.reason) else None
