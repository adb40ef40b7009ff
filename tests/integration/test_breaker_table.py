"""The breaker in the table: counted once each, open once, closed by a person."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.aws import dynamodb
from referral_intake.aws.breaker_table import BreakerTable, breaker_key
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.breaker import Trip
from referral_intake.core.quota import Quota, Wait
from referral_intake.feedback.processing import take
from referral_intake.feedback.wiring import Feedback
from referral_intake.outreach.throttle import Throttle
from tests.integration import aws
from tests.support import samples
from tests.support.fakes import FakeAnnouncements
from tests.support.mail_events import mail_event
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY = NOW.date().isoformat()


class House:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client, self.table = client, table
        self.referrals = ReferralTable(client, table)
        self.breaker = BreakerTable(client, table)
        self.announcements = FakeAnnouncements()

    @property
    def feedback(self) -> Feedback:
        from referral_intake.aws.campaign_files import Campaigns

        hashes = DoctorHashes(lambda: aws.RING)
        campaigns = Campaigns(samples.TEMPLATES)
        claims = ClaimTable(self.client, self.table)
        return Feedback(self.referrals, claims, hashes, campaigns, self.breaker, self.announcements)

    def item(self) -> dict[str, object]:
        found = self.client.get_item(TableName=self.table, Key=breaker_key("lumen")).get("Item", {})
        return {name: value for name, value in found.items() if name not in ("pk", "sk")}

    def count(self, **facts: int) -> None:
        """Sets the counts of today."""
        for fact, number in facts.items():
            self.client.update_item(
                TableName=self.table,
                Key=breaker_key("lumen"),
                UpdateExpression="SET #fact = :number",
                ExpressionAttributeNames={"#fact": f"{DAY}/{fact}"},
                ExpressionAttributeValues={":number": {"N": str(number)}},
            )

    def turn(self) -> Wait | None:
        plenty = Quota(per_second=1000, per_day=100_000, sent_last_day=0)
        return Throttle(self.client, self.table, lambda: plenty, lambda: NOW).take(
            samples.campaign(), "maria@clinic.example"
        )


@pytest.fixture
def house(client: "DynamoDBClient", table: str, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ReferralIntake")
    return House(client, table)


def body(house: House, kind: str, **details: Any) -> str:
    """An event of a referral that the table has."""
    referral = aws.submitted(NOW, email="maria@clinic.example")
    house.referrals.add(referral)
    return json.dumps(mail_event(kind, referral.receipt, 2, **details))


def happened(house: House, kind: str, **details: Any) -> None:
    told = body(house, kind, **details)
    for _ in range(3):
        take(told, house.feedback)


def test_an_event_that_comes_three_times_is_counted_once(house: House) -> None:
    happened(house, "Delivery")
    happened(house, "Bounce")
    happened(house, "Bounce", bounceType="Transient")
    happened(house, "Complaint")
    assert house.item() == {
        f"{DAY}/delivered": {"N": "1"},
        f"{DAY}/bounced": {"N": "1"},
        f"{DAY}/complained": {"N": "1"},
    }


def test_above_the_threshold_the_campaign_waits_until_a_person_resumes_it(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.count(delivered=95, bounced=5)
    assert house.turn() is None
    happened(house, "Bounce")
    assert house.item()["paused_for"] == {"S": "bounces"}
    waited = house.turn()
    assert isinstance(waited, Wait)
    assert waited.reason == "paused"
    assert capsys.readouterr().out.count('"BreakerTripped":[1') == 1
    [trip] = house.announcements.told
    assert (trip.campaign, trip.reason, trip.delivered, trip.bounced) == ("lumen", "bounces", 95, 6)

    assert house.breaker.resume("lumen", samples.MANAGER, NOW)
    assert house.turn() is None
    assert house.item() == {}
    assert not house.breaker.resume("lumen", samples.MANAGER, NOW)


def test_the_breaker_opens_once_and_speaks_of_it_until_it_is_announced(house: House) -> None:
    house.count(delivered=95, bounced=50)
    policy = samples.campaign().breaker
    trip = house.breaker.check("lumen", policy, NOW)
    assert trip
    assert (trip.reason, trip.at) == ("bounces", NOW)
    assert house.breaker.check("lumen", policy, NOW + timedelta(hours=1)) == trip
    house.breaker.announced(trip)
    assert house.breaker.check("lumen", policy, NOW + timedelta(hours=2)) is None


def test_of_two_that_open_it_at_once_the_first_announces_it(house: House) -> None:
    house.count(delivered=95, bounced=50)
    policy, slower = samples.campaign().breaker, dynamodb.client()

    def first(**_: object) -> None:
        assert house.breaker.check("lumen", policy, NOW)

    slower.meta.events.register("before-call.dynamodb.UpdateItem", first)
    assert BreakerTable(slower, house.table).check("lumen", policy, NOW) is None


class Killed(BaseException):
    """The process ends here."""


class Deadly(FakeAnnouncements):
    def breaker_tripped(self, trip: Trip) -> None:
        raise Killed


def test_a_process_that_dies_between_opening_and_announcing_leaves_that_to_the_event_s_next_delivery(
    house: House,
) -> None:
    house.count(delivered=95, bounced=5)
    told = body(house, "Bounce")
    house.announcements = Deadly()
    with pytest.raises(Killed):
        take(told, house.feedback)
    assert house.item()["paused_for"] == {"S": "bounces"}

    house.announcements = FakeAnnouncements()
    take(told, house.feedback)
    take(told, house.feedback)
    [trip] = house.announcements.told
    assert (trip.reason, trip.bounced) == ("bounces", 6)


def test_after_it_was_resumed_the_next_trip_is_announced_again(house: House) -> None:
    for number in (1, 2):
        house.count(delivered=95, bounced=5)
        happened(house, "Bounce")
        assert len(house.announcements.told) == number
        assert house.breaker.resume("lumen", samples.MANAGER, NOW)
