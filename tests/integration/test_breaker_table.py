"""The breaker in the table: counts each event once, opens once, and is closed by a person."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws import dynamodb
from referral_intake.aws.breaker_table import BreakerTable, breaker_key
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.breaker import SOURCE_COUNTS, Trip
from referral_intake.core.quota import Quota, Wait
from referral_intake.feedback.processing import process_event
from referral_intake.feedback.wiring import FeedbackParts
from referral_intake.outreach.throttle import Throttle
from tests.integration import aws
from tests.support import samples
from tests.support.fakes import FakeAnnouncements
from tests.support.mail_events import LATER, mail_event
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY = NOW.date().isoformat()


class Deployment:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client, self.table = client, table
        self.referrals = ReferralTable(client, table)
        self.breaker = BreakerTable(client, table)
        self.announcements = FakeAnnouncements()

    @property
    def feedback(self) -> FeedbackParts:

        hashes = DoctorHashes(lambda: aws.RING)
        campaigns = samples.CAMPAIGNS
        claims = ClaimTable(self.client, self.table)
        return FeedbackParts(self.referrals, claims, hashes, campaigns, self.breaker, self.announcements)

    def item(self) -> dict[str, Any]:
        found = self.client.get_item(TableName=self.table, Key=breaker_key("lumen")).get("Item", {})
        return {name: value for name, value in found.items() if name not in ("pk", "sk")}

    def count(self, **facts: int) -> None:
        """Sets today's counts. Each bounce and complaint has a source of its own."""
        for fact, number in facts.items():
            self.client.update_item(
                TableName=self.table,
                Key=breaker_key("lumen"),
                UpdateExpression="SET #fact = :number",
                ExpressionAttributeNames={"#fact": f"{DAY}/{fact}"},
                ExpressionAttributeValues={":number": {"N": str(number)}},
            )
            if name := SOURCE_COUNTS.get(fact):
                self.client.update_item(
                    TableName=self.table,
                    Key=breaker_key("lumen"),
                    UpdateExpression="SET #name = :sources",
                    ExpressionAttributeNames={"#name": f"{DAY}/{name}"},
                    ExpressionAttributeValues={":sources": {"SS": [f"source {one}" for one in range(number)]}},
                )

    def turn(self) -> Wait | None:
        plenty = Quota(per_second=1000, per_day=100_000, sent_last_day=0)
        return Throttle(self.client, self.table, lambda: plenty, lambda: NOW, lambda kind, value: value).acquire(
            samples.campaign(), "maria@clinic.example"
        )


@pytest.fixture
def deployment(client: "DynamoDBClient", table: str, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ReferralIntake")
    return Deployment(client, table)


def body(deployment: Deployment, kind: str, **details: Any) -> str:
    """An event of a referral in the table."""
    referral = aws.submitted(NOW, email="maria@clinic.example")
    deployment.referrals.add(referral)
    return json.dumps(mail_event(kind, referral.receipt, 2, **details))


def happened(deployment: Deployment, kind: str, **details: Any) -> None:
    notice = body(deployment, kind, **details)
    for _ in range(3):
        process_event(notice, deployment.feedback, LATER)


def test_an_event_delivered_three_times_is_counted_once(deployment: Deployment) -> None:
    happened(deployment, "Delivery")
    happened(deployment, "Bounce")
    happened(deployment, "Bounce", bounceType="Transient")
    happened(deployment, "Complaint")
    item = deployment.item()
    # Referrals of one day whose source is unknown count as one.
    sources = [item.pop(f"{DAY}/{name}") for name in ("bounced_sources", "complained_sources")]
    assert all(len(one["SS"]) == 1 for one in sources)
    assert item == {
        f"{DAY}/delivered": {"N": "1"},
        f"{DAY}/bounced": {"N": "1"},
        f"{DAY}/complained": {"N": "1"},
    }


def test_above_the_limit_the_campaign_is_paused_until_a_person_resumes_it(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.count(delivered=95, bounced=5)
    assert deployment.turn() is None
    happened(deployment, "Bounce")
    assert deployment.item()["paused_for"] == {"S": "bounces"}
    waited = deployment.turn()
    assert isinstance(waited, Wait)
    assert waited.reason == "paused"
    assert capsys.readouterr().out.count('"BreakerTripped":[1') == 1
    [trip] = deployment.announcements.announced
    assert (trip.campaign, trip.reason, trip.delivered, trip.bounced) == ("lumen", "bounces", 95, 6)

    assert deployment.breaker.resume("lumen", samples.MANAGER, NOW)
    assert deployment.turn() is None
    assert deployment.item() == {}
    assert not deployment.breaker.resume("lumen", samples.MANAGER, NOW)


def test_the_breaker_opens_once_and_repeats_its_announcement_until_it_is_sent(deployment: Deployment) -> None:
    deployment.count(delivered=95, bounced=50)
    policy = samples.campaign().breaker
    trip = deployment.breaker.check("lumen", policy, NOW)
    assert trip
    assert (trip.reason, trip.at) == ("bounces", NOW)
    assert deployment.breaker.check("lumen", policy, NOW + timedelta(hours=1)) == trip
    deployment.breaker.mark_announced(trip)
    assert deployment.breaker.check("lumen", policy, NOW + timedelta(hours=2)) is None


def test_of_two_processes_that_open_the_breaker_the_first_announces_it(deployment: Deployment) -> None:
    deployment.count(delivered=95, bounced=50)
    policy, slower = samples.campaign().breaker, dynamodb.client()

    def first(**_: object) -> None:
        assert deployment.breaker.check("lumen", policy, NOW)

    slower.meta.events.register("before-call.dynamodb.UpdateItem", first)
    assert BreakerTable(slower, deployment.table).check("lumen", policy, NOW) is None


class Crash(BaseException):
    """The process ends here."""


class CrashingAnnouncements(FakeAnnouncements):
    def breaker_tripped(self, trip: Trip) -> None:
        raise Crash


def test_a_crash_before_the_announcement_leaves_it_to_the_next_delivery_of_the_event(deployment: Deployment) -> None:
    deployment.count(delivered=95, bounced=5)
    notice = body(deployment, "Bounce")
    deployment.announcements = CrashingAnnouncements()
    with pytest.raises(Crash):
        process_event(notice, deployment.feedback, LATER)
    assert deployment.item()["paused_for"] == {"S": "bounces"}

    deployment.announcements = FakeAnnouncements()
    process_event(notice, deployment.feedback, LATER)
    process_event(notice, deployment.feedback, LATER)
    [trip] = deployment.announcements.announced
    assert (trip.reason, trip.bounced) == ("bounces", 6)


def test_after_a_resume_the_next_trip_is_announced_again(deployment: Deployment) -> None:
    for number in (1, 2):
        deployment.count(delivered=95, bounced=5)
        happened(deployment, "Bounce")
        assert len(deployment.announcements.announced) == number
        assert deployment.breaker.resume("lumen", samples.MANAGER, NOW)
