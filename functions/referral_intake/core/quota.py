"""The rate and number of messages allowed: below the SES quota, over all instances."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from referral_intake.core.reasons import Reason

# The rest is for other mail of the same account, and a margin for a quota that is a minute old.
USABLE_SHARE = 0.8
# A longer wait than this is stored in the table, so that it does not block the function.
MAX_WAIT = timedelta(seconds=1.5)


@dataclass(frozen=True, slots=True)
class Quota:
    """The account's quota at the mail service, and how much of it is used."""

    per_second: float
    per_day: float
    sent_last_day: float

    @property
    def interval(self) -> timedelta:
        """The time between two messages."""
        return timedelta(seconds=1 / (USABLE_SHARE * self.per_second))

    @property
    def is_used_up(self) -> bool:
        return self.sent_last_day >= USABLE_SHARE * self.per_day


@dataclass(frozen=True, slots=True)
class ThrottleState:
    """State that all instances share: when the next message may be sent, and how many were sent today (UTC)."""

    next_at: datetime
    day: date
    sent: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A message may be sent at `at`. `after` is the throttle's state after that."""

    at: datetime
    after: ThrottleState


@dataclass(frozen=True, slots=True)
class Wait:
    """No message may be sent before `until`. `reason` is the code that is stored in the referral."""

    until: datetime
    reason: Reason


def next_slot(state: ThrottleState | None, quota: Quota, now: datetime) -> Slot | Wait:
    """Return when the next message may be sent, or until when to wait before asking again."""
    today = (
        state if state and state.day == now.date() else ThrottleState(state.next_at if state else now, now.date(), 0)
    )
    if quota.is_used_up or today.sent >= USABLE_SHARE * quota.per_day:
        return Wait(now + timedelta(hours=1), Reason.DAILY_QUOTA)
    at = max(now, today.next_at)
    if at - now > MAX_WAIT:
        return Wait(at, Reason.THROTTLED)
    return Slot(at, replace(today, next_at=at + quota.interval, sent=today.sent + 1))
