"""The weekly summary: its content, when it is due, and the claim that prevents a second one in the same week."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from referral_intake.core.breaker import Pause
from referral_intake.core.campaign import Campaign
from referral_intake.core.message import Deferred, Mailer, Message, Refused, Unclear
from referral_intake.core.milestones import Milestone
from referral_intake.core.overview import FUNNEL, SES_REVIEWS, Overview
from referral_intake.core.quota import Quota
from referral_intake.core.tasks import TaskKind

FROM_HOUR, UNTIL_HOUR = 7, 12
"""The local hours of a Monday in which the summary is sent. The next run sends what a run could not."""

# Compared with the previous week. Each fact counts on the day on which it happened.
COMPARED = (*FUNNEL, Milestone.OPTED_OUT, Milestone.BOUNCED, Milestone.COMPLAINED)
TASK_KINDS: tuple[str, ...] = tuple(TaskKind)


@dataclass(frozen=True, slots=True)
class Comparison:
    name: str
    count: int
    before: int

    @property
    def difference(self) -> int:
        return self.count - self.before


@dataclass(frozen=True, slots=True)
class Waiting:
    """`is_more` is True if the number exceeds the limit of the count."""

    count: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether mail is sent, and how close the account is to the limits of Amazon SES. None means unknown."""

    pause: Pause | None
    quota: Quota | None
    rates: Mapping[str, float | None]

    def is_near(self, milestone: str) -> bool:
        """Whether the rate is at least half of the rate at which SES reviews an account."""
        return (self.rates[milestone] or 0) >= SES_REVIEWS[milestone] / 2


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of one week, Monday to Sunday in UTC, like all counted days."""

    overview: Overview
    waiting: Mapping[str, Waiting]
    health: Health

    @property
    def changes(self) -> tuple[Comparison, ...]:
        now, before = self.overview.period.facts, self.overview.before.facts
        return tuple(Comparison(name, now.get(name, 0), before.get(name, 0)) for name in COMPARED)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A user who gets the summary. The user directory has the address, so a user who leaves the team gets no more."""

    campaign: str
    sub: str
    username: str


def is_due(now: datetime, zone: ZoneInfo) -> bool:
    there = now.astimezone(zone)
    return there.weekday() == 0 and FROM_HOUR <= there.hour < UNTIL_HOUR


def week_before(now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """Return the Monday and the Sunday of the last complete week."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday() + 7)
    return monday, monday + timedelta(days=6)


class Subscriptions(Protocol):
    def subscribers(self, campaign: str) -> list[Subscriber]: ...
    def remove(self, subscriber: Subscriber) -> None: ...

    def claim(self, subscriber: Subscriber, week: date, at: datetime) -> bool:
        """Claim this week's summary for the recipient before it is sent. Return False if it was already claimed."""

    def release_claim(self, subscriber: Subscriber, week: date) -> None: ...
    def record_outcome(self, subscriber: Subscriber, week: date, outcome: str) -> None: ...


class SummarySender:
    """Send the weekly summary. `address_of` queries the user directory and returns None for a former team member.

    The claim is written before the mail service is called. It is removed only if the service clearly deferred the
    message. So a user never gets the same summary twice. If the run stops in between, or the answer is unclear, the
    user may get none that week.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        address_of: Callable[[str], str | None],
        summary_of: Callable[[Campaign, date, date], Summary],
        compose: Callable[[Campaign, Summary, str], Message],
        mailer: Mailer,
        now: Callable[[], datetime],
    ) -> None:
        self._subscriptions = subscriptions
        self._address_of = address_of
        self._summary_of = summary_of
        self._compose = compose
        self._mailer = mailer
        self._now = now

    def send(self, campaign: Campaign) -> Mapping[str, int]:
        """Send last week's summary if it is due. Return the number of subscribers by outcome."""
        zone = campaign.policy.time_zone
        if not is_due(self._now(), zone):
            return {}
        subscribers = self._subscriptions.subscribers(campaign.name)
        if not subscribers:
            return {}
        first, last = week_before(self._now(), zone)
        summary = self._summary_of(campaign, first, last)
        return Counter(self._send(campaign, summary, subscriber, first) for subscriber in subscribers)

    def _send(self, campaign: Campaign, summary: Summary, subscriber: Subscriber, week: date) -> str:
        address = self._address_of(subscriber.username)
        if address is None:
            self._subscriptions.remove(subscriber)
            return "left_the_team"
        # Errors in the content must occur before the claim.
        message = self._compose(campaign, summary, address)
        if not self._subscriptions.claim(subscriber, week, self._now()):
            return "sent_before"
        try:
            message_id = self._mailer.send(message)
        except Deferred:
            self._subscriptions.release_claim(subscriber, week)
            return "deferred"
        except Refused as refused:
            self._subscriptions.record_outcome(subscriber, week, refused.reason)
            return "refused"
        except Unclear:
            self._subscriptions.record_outcome(subscriber, week, "unclear")
            return "unclear"
        self._subscriptions.record_outcome(subscriber, week, message_id)
        return "sent"
