"""The steps of an outreach, one message each, and the known facts about the sent messages.

All facts have times. The next step is derived from them, so their order of arrival does not matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

INTRODUCTION = "introduction"
REMINDER = "reminder"

# Delays of the retries after a temporary bounce (for instance because of a full mailbox).
TRY_AGAIN_AFTER = (timedelta(days=1), timedelta(days=3))


@dataclass(frozen=True, slots=True)
class Try:
    """One message passed to the mail service: when, and with which wording."""

    at: datetime
    version: str = ""
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A step's message: its tries by the mail service's message id. `returned` are those that bounced temporarily.

    `delivered_at` and `last_delivered_at` are the first and the last delivery of any try.
    """

    tries: Mapping[str, Try] = field(default_factory=dict)
    returned: Mapping[str, datetime] = field(default_factory=dict)
    delivered_at: datetime | None = None
    last_delivered_at: datetime | None = None

    @property
    def last_at(self) -> datetime:
        return max(one.at for one in self.tries.values())

    @property
    def try_again_at(self) -> datetime | None:
        """When to retry. None if the message arrived, may still arrive, or has no retries left.

        A mail server can accept a message and return it later.
        """
        gone_wrong = len(self.returned)
        if gone_wrong < len(self.tries) or not 0 < gone_wrong <= len(TRY_AGAIN_AFTER):
            return None
        returned_at = max(self.returned.values())
        if self.last_delivered_at and self.last_delivered_at >= returned_at:
            return None
        return returned_at + TRY_AGAIN_AFTER[gone_wrong - 1]

    def tried(self, message_id: str, one: Try) -> "Written":
        """Return a copy with this try, at its earliest known time."""
        known = self.tries.get(message_id, one)
        merged = Try(min(known.at, one.at), known.version or one.version, known.content_hash or one.content_hash)
        return replace(self, tries={**self.tries, message_id: merged})

    def delivered(self, at: datetime) -> "Written":
        first, last = self.delivered_at or at, self.last_delivered_at or at
        return replace(self, delivered_at=min(at, first), last_delivered_at=max(at, last))

    def came_back(self, message_id: str, at: datetime) -> "Written":
        return replace(self, returned={**self.returned, message_id: min(at, self.returned.get(message_id, at))})


Messages = Mapping[str, Written]
"""By step."""


def plan(reminders: int) -> tuple[str, ...]:
    """Return the steps of a campaign, in order."""
    return (INTRODUCTION, *(f"{REMINDER}_{number}" for number in range(1, reminders + 1)))


def kind(step: str) -> str:
    """Return the name of a step's templates. All reminders share one."""
    return step.partition("_")[0]


def next_due(messages: Messages, reminders: int, reminder_after: timedelta) -> tuple[str | None, datetime | None]:
    """Return the step to send next and its earliest time. The step can be a retry of the last one.

    The step is None if all were sent. The time is None if the step is due at once.
    """
    steps = plan(reminders)
    written = [step for step in steps if step in messages]
    if not written:
        return steps[0], None
    last = written[-1]
    if try_again_at := messages[last].try_again_at:
        return last, try_again_at
    following = next(iter(steps[steps.index(last) + 1 :]), None)
    return following, max(one.last_at for one in messages.values()) + reminder_after
