"""The weekly summary: what it says, when it is due, and that nobody gets one week's twice."""

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
from referral_intake.core.tasks import Kind

FROM_HOUR, UNTIL_HOUR = 7, 12
"""Monday mornings where the campaign is. What a run could not send, the next one does."""

# What is compared with the week before: each counts on the day on which it happened.
COMPARED = (*FUNNEL, Milestone.OPTED_OUT, Milestone.BOUNCED, Milestone.COMPLAINED)
WAITS: tuple[str, ...] = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    count: int
    before: int

    @property
    def difference(self) -> int:
        return self.count - self.before


@dataclass(frozen=True, slots=True)
class Waiting:
    """`is_more` where there are more than anybody counts."""

    count: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether mail goes out, and how near Amazon SES's limits are. None is not known."""

    pause: Pause | None
    quota: Quota | None
    rates: Mapping[str, float | None]

    def is_near(self, mishap: str) -> bool:
        """Whether half of the rate is reached at which SES reviews an account."""
        return (self.rates[mishap] or 0) >= SES_REVIEWS[mishap] / 2


@dataclass(frozen=True, slots=True)
class Summary:
    """Of one week, Monday to Sunday in UTC, as all counted days are."""

    overview: Overview
    waiting: Mapping[str, Waiting]
    health: Health

    @property
    def changes(self) -> tuple[Change, ...]:
        now, before = self.overview.period.facts, self.overview.before.facts
        return tuple(Change(name, now.get(name, 0), before.get(name, 0)) for name in COMPARED)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who wants it. The address is in the user directory: whoever leaves the team gets none any more."""

    campaign: str
    sub: str
    username: str


def is_due(now: datetime, zone: ZoneInfo) -> bool:
    there = now.astimezone(zone)
    return there.weekday() == 0 and FROM_HOUR <= there.hour < UNTIL_HOUR


def week_before(now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The Monday and the Sunday of the week that ended last."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday() + 7)
    return monday, monday + timedelta(days=6)


class Subscriptions(Protocol):
    def subscribers(self, campaign: str) -> list[Subscriber]: ...
    def remove(self, subscriber: Subscriber) -> None: ...

    def take(self, subscriber: Subscriber, week: date, at: datetime) -> bool:
        """Claims this week's summary for this recipient, before it is sent; False where that was done before."""

    def give_back(self, subscriber: Subscriber, week: date) -> None: ...
    def note(self, subscriber: Subscriber, week: date, outcome: str) -> None: ...


class Summarizing:
    """`address_of` asks the user directory: None where somebody is no member of the team any more.

    The claim is written before the mail service is called and taken back only where that clearly refused. So nobody
    gets a week's summary twice; whoever's run dies in between, or whose answer is unclear, may get none that week.
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
        """Sends last week's summary where it is time for it. Returns what became of it, by outcome."""
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
        # All that can go wrong with the words goes wrong before the claim.
        message = self._compose(campaign, summary, address)
        if not self._subscriptions.take(subscriber, week, self._now()):
            return "sent_before"
        try:
            message_id = self._mailer.send(message)
        except Deferred:
            self._subscriptions.give_back(subscriber, week)
            return "deferred"
        except Refused as refused:
            self._subscriptions.note(subscriber, week, refused.reason)
            return "refused"
        except Unclear:
            self._subscriptions.note(subscriber, week, "unclear")
            return "unclear"
        self._subscriptions.note(subscriber, week, message_id)
        return "sent"
