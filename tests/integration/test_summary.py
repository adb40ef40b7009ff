"""The weekly summary: its contents, and one message per recipient and week even after a crash."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from referral_intake.aws.audit_log import audit_item
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.subscriptions import Subscriptions
from referral_intake.core.message import Deferred, Mailer, Message, Refused, Unclear
from referral_intake.core.quota import Quota
from referral_intake.core.users import User
from referral_intake.core.weekly_summary import Subscriber, SummarySender
from referral_intake.reports.summary_email import SummaryComposer
from referral_intake.reports.summary_figures import SummaryReader
from referral_intake.stats.counting_table import CountingTable
from tests.integration import aws
from tests.support.samples import TEMPLATES, campaign

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Nine on a Monday morning in Chicago.
MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ROBIN, SAM = Subscriber("lumen", "sub-1", "robin"), Subscriber("lumen", "sub-2", "sam")


class Crash(BaseException):
    """Emulates the end of a Lambda process: no handler catches this."""


@dataclass
class Mail:
    """`trouble` are the failures of the next calls, before or after the message is accepted."""

    sent: list[Message] = field(default_factory=list)
    before: list[BaseException] = field(default_factory=list)
    after: list[BaseException] = field(default_factory=list)

    def send(self, message: Message) -> str:
        if self.before:
            raise self.before.pop()
        self.sent.append(message)
        if self.after:
            raise self.after.pop()
        return f"id-{len(self.sent)}"

    @property
    def recipients(self) -> list[str]:
        return [message.to for message in self.sent]


@pytest.fixture
def mail() -> Mail:
    return Mail()


@pytest.fixture
def clock() -> aws.Clock:
    return aws.Clock(MONDAY)


@pytest.fixture
def subscriptions(client: "DynamoDBClient", table: str) -> Subscriptions:
    kept = Subscriptions(client, table)
    for one in (ROBIN, SAM):
        want(kept, one, wanted=True)
    return kept


def want(kept: Subscriptions, who: Subscriber, *, wanted: bool) -> None:
    record = audit_item(User(who.sub, who.username, frozenset()), "summary_wanted", [], MONDAY)
    kept.set(who, MONDAY, is_subscribed=wanted, record=record)


class Quotas:
    def get_account(self) -> dict[str, object]:
        return {"SendQuota": {"MaxSendRate": 10.0, "Max24HourSend": 50_000.0, "SentLast24Hours": 1_234.0}}


Run = Callable[[], dict[str, int]]
ADDRESSES = {"robin": "robin@spine.example", "sam": "sam@spine.example"}


@pytest.fixture
def summary_sender(
    client: "DynamoDBClient", table: str, stats_table: str, subscriptions: Subscriptions, mail: Mail, clock: aws.Clock
) -> Callable[..., SummarySender]:
    def made(mailer: Mailer = mail, addresses: dict[str, str] = ADDRESSES) -> SummarySender:
        numbers = SummaryReader(client, table, stats_table, Quotas(), clock)  # type: ignore[arg-type]
        compose = SummaryComposer(TEMPLATES, aws.SITE_URL).compose
        return SummarySender(subscriptions, addresses.get, numbers.read, compose, mailer, clock)

    return made


@pytest.fixture
def run(summary_sender: Callable[..., SummarySender]) -> Run:
    return lambda: dict(summary_sender().send(campaign()))


def test_every_subscriber_gets_it_once_even_if_the_schedule_repeats(run: Run, mail: Mail, clock: aws.Clock) -> None:
    assert run() == {"sent": 2}
    assert run() == {"sent_before": 2}
    clock.time += timedelta(hours=1)
    assert run() == {"sent_before": 2}
    assert sorted(mail.recipients) == sorted(ADDRESSES.values())
    clock.time += timedelta(days=7)
    assert run() == {"sent": 2}


@pytest.mark.parametrize(
    "moment",
    [
        MONDAY.replace(hour=12, minute=59),
        MONDAY.replace(hour=18),
        MONDAY + timedelta(days=1),
        MONDAY - timedelta(days=1),
    ],
)
def test_it_is_sent_on_monday_mornings_in_the_campaigns_time_zone(run: Run, clock: aws.Clock, moment: datetime) -> None:
    clock.time = moment
    assert run() == {}


def test_a_crash_before_or_after_the_send_causes_no_second_message(run: Run, mail: Mail) -> None:
    mail.before = [Crash()]
    with pytest.raises(Crash):
        run()
    mail.after = [Crash()]
    with pytest.raises(Crash):
        run()
    # The first was claimed and not sent. As documented, that recipient gets none this week.
    assert len(mail.sent) == 1
    assert run() == {"sent_before": 2}
    assert len(mail.sent) == len(set(mail.recipients)) == 1


def test_an_unclear_response_is_not_retried(run: Run, mail: Mail) -> None:
    mail.after = [Unclear("ReadTimeoutError")]
    assert run() == {"unclear": 1, "sent": 1}
    assert run() == {"sent_before": 2}
    assert len(mail.sent) == 2


def test_a_deferred_message_is_sent_by_the_next_run(run: Run, mail: Mail) -> None:
    mail.before = [Deferred("TooManyRequestsException"), Deferred("TooManyRequestsException")]
    assert run() == {"deferred": 2}
    assert run() == {"sent": 2}


def test_a_refused_message_is_not_retried(run: Run, mail: Mail) -> None:
    mail.before = [Refused("MessageRejected")]
    assert run() == {"refused": 1, "sent": 1}
    assert run() == {"sent_before": 2}


def test_a_former_member_gets_none_and_the_subscription_is_deleted(
    summary_sender: Callable[..., SummarySender], subscriptions: Subscriptions, mail: Mail
) -> None:
    outcomes = summary_sender(addresses={"sam": "sam@spine.example"}).send(campaign())
    assert dict(outcomes) == {"left_the_team": 1, "sent": 1}
    assert mail.recipients == ["sam@spine.example"]
    assert subscriptions.subscribers("lumen") == [SAM]


def test_a_canceled_subscription_gets_none(run: Run, subscriptions: Subscriptions, mail: Mail) -> None:
    assert subscriptions.is_subscribed("lumen", ROBIN.sub)
    want(subscriptions, ROBIN, wanted=False)
    assert not subscriptions.is_subscribed("lumen", ROBIN.sub)
    assert run() == {"sent": 1}
    assert mail.recipients == ["sam@spine.example"]


def test_it_reports_the_week_the_week_before_and_the_open_tasks(
    run: Run, mail: Mail, referrals: ReferralTable, client: "DynamoDBClient", stats_table: str
) -> None:
    counted = [
        aws.submitted(MONDAY - timedelta(days=days), email=f"doctor{number}@clinic.example")
        for number, days in enumerate([1, 2, 3, 9])
    ]
    CountingTable(client, stats_table).count(counted)
    run()
    message = mail.sent[0]
    assert message.subject == "Lumen Spine Lamp: 3 referrals, 0 answers in the week to November 22"
    for body in (message.text, " ".join(message.html.replace("&nbsp;", "").split())):
        assert "November 16 to November 22, 2026" in body
        assert "No open tasks" in body
        assert "+2" in body
        assert "1,234" in body
        assert f"{aws.SITE_URL}/dashboard/settings?campaign=lumen" in body
    assert "* Submitted: 3, before 1 (+2)" in message.text
    assert message.headers == {"List-Unsubscribe": f"<{aws.SITE_URL}/dashboard/settings?campaign=lumen>"}


def test_a_week_is_in_the_time_zone_of_the_campaign(
    subscriptions: Subscriptions, mail: Mail, clock: aws.Clock, summary_sender: Callable[..., SummarySender]
) -> None:
    taken: list[date] = []
    original = subscriptions.claim

    def take(who: Subscriber, week: date, at: datetime) -> bool:
        taken.append(week)
        return original(who, week, at)

    subscriptions.claim = take  # type: ignore[assignment,method-assign]
    summary_sender().send(campaign())
    assert taken == [date(2026, 11, 16)] * 2


def test_the_text_contains_no_html_and_the_html_escapes_names(mail: Mail) -> None:
    from referral_intake.core.overview import Overview, Period
    from referral_intake.core.weekly_summary import TASK_KINDS, Health, Summary, Waiting

    period = Period(date(2026, 11, 16), date(2026, 11, 22), {"submitted": 12_345}, (), {})
    overview = Overview("lumen", period, period, (), {})
    waiting = {kind: Waiting(100, is_more=True) for kind in TASK_KINDS}
    summary = Summary(overview, waiting, Health(None, Quota(10, 100, 50), {"bounced": 0.04, "complained": None}))
    message = SummaryComposer(TEMPLATES, aws.SITE_URL).compose(campaign(), summary, "robin@spine.example")
    assert "<" not in message.text
    assert (
        "100+ held, to be approved or rejected: https://spine.example/dashboard/work/held?campaign=lumen"
        in message.text
    )
    assert "12,345" in message.text
    assert "4.00%" in message.html
    # The rate is at half of SES's review limit, so it is highlighted.
    assert "background:#b3261e" in message.html
