"""Events of the mail service about one message, and the changes that they make."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from referral_intake.core.engagement import Engagement
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Move
from referral_intake.core.steps import Messages, Try


class Kind(StrEnum):
    """What an event can say, by the milestone that it sets."""

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
    """One event about one message. `at` is when it happened, `tried` the message's own time and wording.

    `came_back` says of a soft bounce that the message surely did not arrive, and may be tried again.
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


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event changes. `counts` are the facts that were not known before, for the campaign's breaker."""

    milestones: dict[str, datetime]
    messages: Messages
    engagements: frozenset[Engagement]
    move: Move | None
    counts: list[str]


SUPPRESSES = {Kind.BOUNCED: Closing.BOUNCED, Kind.COMPLAINED: Closing.COMPLAINED}
"""Events that forbid writing to the doctor from now on, and as what."""
