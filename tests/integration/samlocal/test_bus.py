"""Events of functions on the local event bus: shown in the terminal and matched with the template's rules."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from samlocal.stack import Stack
from tests.integration.samlocal.sample_project import TEMPLATE_WITH_MAIL_EVENTS, Project, project
from tests.support.http_client import fetch
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

EVENT = {"Source": "sample", "DetailType": "BreakerTripped", "Detail": '{"campaign": "lumen", "bounced": 41}'}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Stack]]:
    listening = TEMPLATE_WITH_MAIL_EVENTS.replace(
        '{ source: [aws.ses], detail: { mail: { tags: { "ses:configuration-set": [!Ref Mail] } } } }',
        "{ source: [sample] }",
    )
    sample = project(tmp_path_factory.mktemp("bus"), template=listening)
    with sample.running() as stack:
        yield sample, stack


@pytest.fixture
def bus(shared: tuple[Project, Stack]) -> "EventBridgeClient":
    """The client that a function creates. The environment has the endpoint."""
    return boto3.client("events")


def put(bus: "EventBridgeClient", **changes: str) -> dict[str, Any]:
    entry: Any = EVENT | changes
    answer: Any = bus.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == ("ErrorCode" in answer["Entries"][0])
    found: dict[str, Any] = answer["Entries"][0]
    return found


def test_an_event_is_shown_as_a_warning_and_reaches_matching_rules(
    shared: tuple[Project, Stack], bus: "EventBridgeClient"
) -> None:
    sample, stack = shared
    other, event_id = put(bus, Source="somebody-else")["EventId"], put(bus)["EventId"]
    [message] = eventually(
        lambda: stack.cloud.sqs.receive_message(QueueUrl=stack.cloud.queue_urls["EventQueue"]).get("Messages")
    )
    event = json.loads(message["Body"])

    assert other != event_id == event["id"]
    assert (event["source"], event["detail-type"]) == ("sample", "BreakerTripped")
    assert event["detail"] == {"campaign": "lumen", "bounced": 41}
    assert "Event BreakerTripped from sample: campaign=lumen  bounced=41" in sample.out.getvalue()
    assert "Event BreakerTripped from" in fetch(f"{stack.url}/_local/logs").body.decode()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DetailType": ""}, "InvalidArgument"),
        ({"Source": "aws.ses"}, "NotAuthorizedForSourceException"),
        ({"EventBusName": "mine"}, "ResourceNotFoundException"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "1"}, "MalformedDetail"),
    ],
)
def test_an_event_that_eventbridge_rejects_is_rejected(
    bus: "EventBridgeClient", changes: dict[str, str], code: str
) -> None:
    assert put(bus, **changes)["ErrorCode"] == code


def test_any_other_operation_is_a_clear_error(bus: "EventBridgeClient") -> None:
    with pytest.raises(ClientError, match="does not support ListRules"):
        bus.list_rules()


def test_the_bus_may_be_named(bus: "EventBridgeClient") -> None:
    assert "EventId" in put(bus, EventBusName="arn:aws:events:us-east-1:123456789012:event-bus/default")
