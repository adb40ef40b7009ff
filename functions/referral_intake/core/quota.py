"""How fast messages may go out, and how many: below what the mail service grants, over all that run at once."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from referral_intake.core.reasons import Reason

# The rest is for other mail of the same account, and for a quota that is a minute old.
SHARE = 0.8
# Whoever would wait longer than this waits in the table instead, where it holds nobody up.
LONGEST_WAIT = timedelta(seconds=1.5)


@dataclass(frozen=True, slots=True)
class Quota:
    """What the mail service grants the account, and what is used of it."""

    per_second: float
    per_day: float
    sent_last_day: float

    @property
    def interval(self) -> timedelta:
        """The time from one message to the next."""
        return timedelta(seconds=1 / (SHARE * self.per_second))

    @property
    def is_used_up(self) -> bool:
        return self.sent_last_day >= SHARE * self.per_day


@dataclass(frozen=True, slots=True)
class Pace:
    """What all share: the moment at which the next message may go, and how many went today (UTC)."""

    next_at: datetime
    day: date
    sent: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A message may go at `at`; `after` is the pace once it has."""

    at: datetime
    after: Pace


@dataclass(frozen=True, slots=True)
class Wait:
    """No message may go before `until`; `reason` is a word for the referral."""

    until: datetime
    reason: Reason


def next_slot(pace: Pace | None, quota: Quota, now: datetime) -> Slot | Wait:
    """The next moment at which a message may go, or how long to wait for a better time to ask."""
    today = pace if pace and pace.day == now.date() else Pace(pace.next_at if pace else now, now.date(), 0)
    if quota.is_used_up or today.sent >= SHARE * quota.per_day:
        return Wait(now + timedelta(hours=1), Reason.DAILY_QUOTA)
    at = max(now, today.next_at)
    if at - now > LONGEST_WAIT:
        return Wait(at, Reason.PACED)
    return Slot(at, replace(today, next_at=at + quota.interval, sent=today.sent + 1))
