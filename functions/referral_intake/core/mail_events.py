"""Events of the mail service about one message, and the changes they make."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from referral_intake.core.engagement import Engagement
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Move
from referral_intake.core.steps import Messages, Try


class Kind(StrEnum):
    """The kind of an event. The value is the milestone that it sets."""

    SENT = Milestone.SENT
    DELIVERED = Milestone.DELIVERED
    DELAYED = Milestone.DELAYED
    BOUNCED = Milestone.BOUNCED
    SOFT_BOUNCED = Milestone.SOFT_BOUNCED
    COMPLAINED = Milestone.COMPLAINED
    REJECTED = Milestone.REJECTED
    OPENED = Milestone.OPENED
    CLICKED = Milestone.CLICKED


ENGAGEMENTS = frozenset({Kind.OPENED, Kind.CLICKED})


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One event about one message. `at` is its time. `tried` has the message's own time and wording.

    `came_back` marks a soft bounce after which the message certainly did not arrive, so that it can be retried.
    `affects_reputation` is false for messages that Amazon SES does not count in the account's bounce and complaint
    rates.
    """

    receipt: str
    step: str
    message_id: str
    kind: Kind
    at: datetime
    tried: Try
    link: str = ""
    by_known_scanner: bool = False
    came_back: bool = False
    affects_reputation: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """The changes that an event makes. `counts` are the facts that are new, for the campaign's breaker."""

    milestones: dict[str, datetime]
    messages: Messages
    engagements: frozenset[Engagement]
    move: Move | None
    counts: list[str]


SUPPRESSES = {Kind.BOUNCED: Closing.BOUNCED, Kind.COMPLAINED: Closing.COMPLAINED}
"""Events after which the doctor gets no more messages, with the reason to record."""
