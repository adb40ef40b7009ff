"""The breaker in the table: counted once each, open once, closed by a person."""

import json
from typing import TYPE_CHECKING

import pytest

from referral_intake.adapters.breaker_table import BreakerTable, breaker_key
from referral_intake.adapters.claims import ClaimTable
from referral_intake.adapters.keys import DoctorHashes
from referral_intake.adapters.pace_table import PaceTable
from referral_intake.adapters.referral_table import ReferralTable
from referral_intake.domain.pace import Quota, Wait
from referral_intake.handlers.feedback import take
from referral_intake.wiring import Feedback
from tests.integration import aws
from tests.support import samples
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

    @property
    def feedback(self) -> Feedback:
        from referral_intake.adapters.campaigns import Campaigns

        hashes = DoctorHashes(lambda: aws.RING)
        campaigns = Campaigns(samples.TEMPLATES)
        return Feedback(self.referrals, ClaimTable(self.client, self.table), hashes, campaigns, self.breaker)

    def item(self) -> dict[str, object]:
        found = self.client.get_item(TableName=self.table, Key=breaker_key("star")).get("Item", {})
        return {name: value for name, value in found.items() if name not in ("pk", "sk")}

    def count(self, **facts: int) -> None:
        """Sets the counts of today."""
        for fact, number in facts.items():
            self.client.update_item(
                TableName=self.table,
                Key=breaker_key("star"),
                UpdateExpression="SET #fact = :number",
                ExpressionAttributeNames={"#fact": f"{DAY}/{fact}"},
                ExpressionAttributeValues={":number": {"N": str(number)}},
            )

    def turn(self) -> Wait | None:
        plenty = Quota(per_second=1000, per_day=100_000, sent_last_day=0)
        return PaceTable(self.client, self.table, lambda: plenty, lambda: NOW).take(
            samples.campaign(), "maria@clinic.example"
        )


@pytest.fixture
def house(client: "DynamoDBClient", table: str, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ReferralIntake")
    return House(client, table)


def happened(house: House, kind: str, **details: str) -> None:
    referral = aws.submitted(NOW, email="maria@clinic.example")
    house.referrals.add(referral)
    for _ in range(3):
        take(json.dumps(mail_event(kind, referral.receipt, 2, **details)), house.feedback)


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

    assert house.breaker.resume("star")
    assert house.turn() is None
    assert house.item() == {}
    assert not house.breaker.resume("star")


def test_the_breaker_opens_once(house: House) -> None:
    house.count(delivered=95, bounced=50)
    policy = samples.campaign().breaker
    assert house.breaker.check("star", policy, NOW) == "bounces"
    assert house.breaker.check("star", policy, NOW) is None
