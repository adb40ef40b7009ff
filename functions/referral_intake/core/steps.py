"""The steps of an outreach, one message each, and the delivery status of each message.

Every fact has a time. The next step is derived from the times, so the order in which facts arrive does not matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from referral_intake.core.reasons import Reason

INTRODUCTION = "introduction"
REMINDER = "reminder"
INFORMATION = "information"
"""The message with the information that a doctor asks for. It is not a step, but is stored and tagged like one."""

MESSAGE_PARTS = ("subject.txt", "txt", "html")
"""The endings of a message's three templates."""

# Delays of the retries after soft bounces, for instance because of a full mailbox.
RETRY_DELAYS = (timedelta(days=1), timedelta(days=3))

RESEND = "resend"
"""Replaces the failure of a message when a person decides to send it again."""
_FAILURE_STRENGTH: tuple[str, ...] = (
    Reason.BOUNCE_UNDETERMINED,
    Reason.CONTENT_REFUSED,
    Reason.EMAIL_BOUNCED,
    RESEND,
)


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """One call of the mail service for a message: when, and with which wording."""

    at: datetime
    version: str = ""
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """A step's message: its tries by the mail service's message id. `returned` are those that bounced temporarily.

    `delivered_at` and `last_delivered_at` are the first and the last delivery of any try. `failures` are the tries that
    must not be repeated without a person, each with its reason.
    """

    attempts: Mapping[str, SendAttempt] = field(default_factory=dict)
    soft_bounces: Mapping[str, datetime] = field(default_factory=dict)
    delivered_at: datetime | None = None
    last_delivered_at: datetime | None = None
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> str | None:
        """Why the last try failed, or RESEND. None if it did not fail, or can be repeated without a person."""
        return self.failures.get(max(self.attempts, key=lambda one: self.attempts[one].at, default=""))

    @property
    def last_attempt_at(self) -> datetime:
        return max(one.at for one in self.attempts.values())

    @property
    def retry_at(self) -> datetime | None:
        """When to retry. None if the message arrived, may still arrive, or has no retries left.

        A mail server can accept a message and return it later.
        """
        if self.failure == RESEND:
            return datetime.min.replace(tzinfo=UTC)
        failed_attempts = len(self.soft_bounces)
        if failed_attempts < len(self.attempts) or not 0 < failed_attempts <= len(RETRY_DELAYS):
            return None
        returned_at = max(self.soft_bounces.values())
        if self.last_delivered_at and self.last_delivered_at >= returned_at:
            return None
        return returned_at + RETRY_DELAYS[failed_attempts - 1]

    def with_attempt(self, message_id: str, one: SendAttempt) -> "DeliveryStatus":
        """Return a copy with this attempt, at its earliest known time."""
        known = self.attempts.get(message_id, one)
        merged = SendAttempt(
            min(known.at, one.at), known.version or one.version, known.content_hash or one.content_hash
        )
        return replace(self, attempts={**self.attempts, message_id: merged})

    def with_delivery(self, at: datetime) -> "DeliveryStatus":
        first, last = self.delivered_at or at, self.last_delivered_at or at
        return replace(self, delivered_at=min(at, first), last_delivered_at=max(at, last))

    def with_soft_bounce(self, message_id: str, at: datetime) -> "DeliveryStatus":
        return replace(
            self, soft_bounces={**self.soft_bounces, message_id: min(at, self.soft_bounces.get(message_id, at))}
        )

    def with_failure(self, message_id: str, reason: Reason) -> "DeliveryStatus":
        """Return a copy with this failure, unless a stronger one is known or a person has decided about it."""
        strongest = max(self.failures.get(message_id, reason.value), reason.value, key=_FAILURE_STRENGTH.index)
        return replace(self, failures={**self.failures, message_id: strongest})

    def with_resend(self) -> "DeliveryStatus":
        """Return a copy in which a person decided to repeat the last try, which failed."""
        return replace(self, failures=dict.fromkeys(self.failures, RESEND))


DeliveryStatuses = Mapping[str, DeliveryStatus]
"""By step."""


def all_steps(reminders: int) -> tuple[str, ...]:
    """Return the steps of a campaign, in order."""
    return (INTRODUCTION, *(f"{REMINDER}_{number}" for number in range(1, reminders + 1)))


def template_name(step: str) -> str:
    """Return the name of a step's templates. All reminders share one."""
    return step.partition("_")[0]


def next_due(
    messages: DeliveryStatuses, reminders: int, reminder_after: timedelta
) -> tuple[str | None, datetime | None]:
    """Return the step to send next and its earliest time. The step can be a retry of the last one.

    The step is None if all were sent. The time is None if the step is due at once.
    """
    steps = all_steps(reminders)
    delivery = [step for step in steps if step in messages]
    if not delivery:
        return steps[0], None
    last = delivery[-1]
    if retry_at := messages[last].retry_at:
        return last, retry_at
    following = next(iter(steps[steps.index(last) + 1 :]), None)
    attempts = [one.last_attempt_at for step, one in messages.items() if step != INFORMATION]
    return following, max(attempts) + reminder_after


def with_resend(messages: DeliveryStatuses) -> DeliveryStatuses | None:
    """Return the messages after a person decided to send the failed one again, or None if none failed."""
    failed = last_failure(messages)
    return {**messages, failed[0]: messages[failed[0]].with_resend()} if failed else None


def last_failure(messages: DeliveryStatuses) -> tuple[str, str] | None:
    """Return the last step and why its message failed, if it did and a person has not decided to send it again."""
    if not messages:
        return None
    step = max(messages, key=lambda one: messages[one].last_attempt_at)
    failure = messages[step].failure
    return (step, failure) if failure and failure != RESEND else None
