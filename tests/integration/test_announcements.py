"""Events of this product on the event bus, as botocore sends them."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from referral_intake.core.breaker import Trip
from referral_intake.core.errors import Unavailable
from referral_intake.feedback import announcements
from referral_intake.feedback.announcements import Announcements
from tests.support.samples import NOW

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

TRIP = Trip("lumen", "complaints", NOW, timedelta(days=7), delivered=2000, bounced=0, complained=2)


@pytest.fixture
def bus(fake_credentials: None) -> "EventBridgeClient":
    return announcements.client()


def test_a_tripped_breaker_is_announced_with_its_figures_and_the_stack(cloud: None) -> None:
    sqs, events = boto3.client("sqs"), announcements.client()
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["referral-intake"], "detail-type": ["BreakerTripped"]}
    events.put_rule(Name="trips", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="trips", Targets=[{"Id": "told", "Arn": arn}])

    Announcements(lambda: events, "referral-intake-dev").breaker_tripped(TRIP)

    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail"] == {
        "stack": "referral-intake-dev",
        "campaign": "lumen",
        "reason": "complaints",
        "tripped_at": "2026-11-23T15:30:00.000Z",
        "window_days": 7,
        "delivered": 2000,
        "bounced": 0,
        "complained": 2,
        "bounce_rate": 0.0,
        "complaint_rate": 0.001,
    }


def test_a_rejected_event_is_a_failure(bus: "EventBridgeClient") -> None:
    refused: Any = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "later"}]}
    stub = Stubber(bus)
    stub.add_response("put_events", refused)
    with stub, pytest.raises(Unavailable, match="InternalFailure"):
        Announcements(lambda: bus, "s").breaker_tripped(TRIP)


def test_an_error_of_the_bus_is_raised_as_our_exception(bus: "EventBridgeClient") -> None:
    stub = Stubber(bus)
    stub.add_client_error("put_events", "ThrottlingException")
    with stub, pytest.raises(Unavailable):
        Announcements(lambda: bus, "s").breaker_tripped(TRIP)


def test_an_unreachable_bus_is_raised_as_our_exception(bus: "EventBridgeClient") -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://events.example")

    bus.meta.events.register("before-send.events", unreachable)
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        Announcements(lambda: bus, "s").breaker_tripped(TRIP)
