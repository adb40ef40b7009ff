"""Events of the mail service about one message, and the changes they make."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from referral_intake.core.engagement import Engagement
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Transition
from referral_intake.core.steps import DeliveryStatuses, SendAttempt


class EventKind(StrEnum):
    """The kind of an event of the mail service. The value is the milestone that the event sets."""

    SENT = Milestone.SENT
    DELIVERED = Milestone.DELIVERED
    DELAYED = Milestone.DELAYED
    BOUNCED = Milestone.BOUNCED
    SOFT_BOUNCED = Milestone.SOFT_BOUNCED
    COMPLAINED = Milestone.COMPLAINED
    REJECTED = Milestone.REJECTED
    OPENED = Milestone.OPENED
    CLICKED = Milestone.CLICKED


ENGAGEMENT_KINDS = frozenset({EventKind.OPENED, EventKind.CLICKED})


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One event about one message. `at` is its time. `attempt` has the time and wording of the message.

    `is_retryable` marks a soft bounce after which the message certainly did not arrive, so that it can be retried.
    `refusal` says why a person must review a soft bounce. `recipient` is the address to which the message was sent.
    `affects_reputation` is false for messages that Amazon SES does not count in the account's bounce and complaint
    rates.
    """

    receipt: str
    step: str
    message_id: str
    kind: EventKind
    at: datetime
    attempt: SendAttempt
    link: str = ""
    by_known_scanner: bool = False
    is_retryable: bool = False
    refusal: Reason | None = None
    recipient: str = ""
    affects_reputation: bool = True

    @property
    def failure(self) -> Reason | None:
        """Why the message must not be sent again without a person, if that is so."""
        return Reason.EMAIL_BOUNCED if self.kind is EventKind.BOUNCED else self.refusal


@dataclass(frozen=True, slots=True)
class Effect:
    """The changes that an event makes. `counts` are the facts that are new, for the campaign's breaker."""

    milestones: dict[str, datetime]
    messages: DeliveryStatuses
    engagements: frozenset[Engagement]
    move: Transition | None
    counts: list[str]


SUPPRESSION_REASONS = {EventKind.BOUNCED: Closing.BOUNCED, EventKind.COMPLAINED: Closing.COMPLAINED}
"""Events that suppress messages to the doctor, with the reason to record."""
