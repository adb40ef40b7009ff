"""Events of the local SES for a message, and their delivery to a queue by the template's rules."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samlocal.ses.mailbox_simulator import ANSWERED_AFTER, scenario
from samlocal.stack import Stack
from samlocal.template import reader
from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import Template
from samlocal.template.references import Places
from tests.integration.samlocal.sample_project import TEMPLATE_WITH_MAIL_EVENTS, PublishedEvents, project, send
from tests.support import events

SENT = ["Email Sent"]
DELIVERED = [*SENT, "Email Delivered"]
ADDRESSES = {
    "doctor@clinic.example": DELIVERED,
    "success+1@simulator.amazonses.com": DELIVERED,
    "Bounce+a.label@simulator.amazonses.com": [*SENT, "Email Bounced"],
    "suppressionlist@simulator.amazonses.com": [*SENT, "Email Bounced"],
    "complaint@simulator.amazonses.com": [*DELIVERED, "Email Complaint Received"],
    "ooto@simulator.amazonses.com": [*DELIVERED, "Email Bounced"],
}

EventsByMessage = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="class")
def events_by_message(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventsByMessage]:
    """The events of a message to each simulator address, and of two with other configuration sets."""
    with project(tmp_path_factory.mktemp("mail"), template=TEMPLATE_WITH_MAIL_EVENTS).running() as stack:
        sent = {address: send(stack, address) for address in ADDRESSES}
        sent |= {kind: send(stack, "doctor@clinic.example", kind=kind) for kind in ("WithoutEvents", "Deliveries")}
        time.sleep(ANSWERED_AFTER + 0.4)
        published = PublishedEvents(stack)
        yield {name: published.of(message_id) for name, message_id in sent.items()}


class TestEvents:
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_each_simulator_address_causes_its_events(self, events_by_message: EventsByMessage, address: str) -> None:
        assert [event["detail-type"] for event in events_by_message[address]] == ADDRESSES[address]

    def test_a_configuration_set_publishes_exactly_the_events_of_its_destinations(
        self, events_by_message: EventsByMessage
    ) -> None:
        assert events_by_message["WithoutEvents"] == []
        assert [event["detail"]["eventType"] for event in events_by_message["Deliveries"]] == ["Delivery"]

    def test_an_event_has_the_format_of_ses(self, events_by_message: EventsByMessage) -> None:
        sample, event = events.sample("ses_event"), events_by_message["doctor@clinic.example"][0]

        assert event.keys() == sample.keys()
        assert event["detail"].keys() == sample["detail"].keys()
        assert event["detail"]["mail"].keys() == sample["detail"]["mail"].keys()
        assert event["detail"]["mail"]["tags"].keys() == {*sample["detail"]["mail"]["tags"], "referral"}
        assert event["source"] == "aws.ses"
        assert event["resources"] == ["arn:aws:ses:us-east-1:123456789012:configuration-set/sample-Mail"]

    def test_an_event_contains_the_headers_and_tags_of_the_message(self, events_by_message: EventsByMessage) -> None:
        mail = events_by_message["Bounce+a.label@simulator.amazonses.com"][-1]["detail"]["mail"]
        headers = {header["name"]: header["value"] for header in mail["headers"]}

        assert mail["destination"] == ["Bounce+a.label@simulator.amazonses.com"]
        assert headers["List-Unsubscribe"] == "<https://star.example/stop>"
        assert headers["Reply-To"] == "info@star.example"
        assert mail["commonHeaders"]["subject"] == "News"
        assert mail["tags"]["referral"] == ["R1"]
        assert mail["tags"]["ses:configuration-set"] == ["sample-Mail"]
        assert mail["tags"]["ses:from-domain"] == ["star.example"]

    @pytest.mark.parametrize(
        ("address", "kind", "sub_kind"),
        [
            ("Bounce+a.label@simulator.amazonses.com", "Permanent", "General"),
            ("suppressionlist@simulator.amazonses.com", "Permanent", "Suppressed"),
            ("ooto@simulator.amazonses.com", "Transient", "General"),
        ],
    )
    def test_bounces_have_a_type_and_subtype(
        self, events_by_message: EventsByMessage, address: str, kind: str, sub_kind: str
    ) -> None:
        bounce = events_by_message[address][-1]["detail"]["bounce"]

        assert (bounce["bounceType"], bounce["bounceSubType"]) == (kind, sub_kind)
        assert [recipient["emailAddress"] for recipient in bounce["bouncedRecipients"]] == [address]

    def test_a_delivery_has_its_time_and_duration(self, events_by_message: EventsByMessage) -> None:
        delivery = events_by_message["doctor@clinic.example"][1]["detail"]["delivery"]

        assert delivery["recipients"] == ["doctor@clinic.example"]
        assert 200 <= delivery["processingTimeMillis"] < 2000
        assert delivery["timestamp"] > events_by_message["doctor@clinic.example"][1]["detail"]["mail"]["timestamp"]


@pytest.mark.parametrize("address", ["bounce@clinic.example", "bounced@simulator.amazonses.com", "bounce"])
def test_only_addresses_of_the_simulator_are_special(address: str) -> None:
    assert scenario(address) == ""


def load(folder: Path, old: str, new: str) -> Template:
    assert old in TEMPLATE_WITH_MAIL_EVENTS
    file = folder / "template.yaml"
    file.write_text(TEMPLATE_WITH_MAIL_EVENTS.replace(old, new))
    return reader.load(file, {"SiteUrl": "http://127.0.0.1:1"}, Places("sample", "http://127.0.0.1:5000"))


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "EventPattern: { source",
            "ScheduleExpression: rate(1 day)\n      E: { source",
            "MailEventsRule: EventPattern is mis",
        ),
        (
            "Targets: [{ Id: news, Arn: !GetAtt EventQueue.Arn }]",
            "EventBusName: mine",
            "MailEventsRule: .*the default event bus",
        ),
        (
            "{ Id: news, Arn: !GetAtt EventQueue.Arn }",
            "{ Id: x, Arn: !GetAtt Api.Arn }",
            "MailEventsRule: .*queues.*not Api",
        ),
        (
            "Arn: !GetAtt EventQueue.Arn }",
            "Arn: !GetAtt EventQueue.Arn, InputPath: $.detail }",
            "MailEventsRule: .*InputPath",
        ),
        ("EventBridgeDestination:", "SnsDestination:", "MailEvents: .*only to EventBridge"),
        ("event-bus/default", "event-bus/mine", "MailEvents: .*only the default event bus"),
    ],
)
def test_an_unsupported_rule_is_an_error_that_names_the_resource(
    tmp_path: Path, old: str, new: str, error: str
) -> None:
    with pytest.raises(TemplateError, match=error):
        load(tmp_path, old, new)


def test_disabled_rules_are_ignored(tmp_path: Path) -> None:
    found = load(tmp_path, "Enabled: true", "Enabled: false")

    assert {one.configuration_set for one in found.event_destinations} == {"sample-Deliveries"}


def test_an_edited_rule_takes_effect(tmp_path: Path) -> None:
    sample = project(tmp_path, template=TEMPLATE_WITH_MAIL_EVENTS)
    with sample.running() as stack:
        stack.adopt(load(tmp_path, "source: [aws.ses]", "source: [aws.other]"))
        message_id = send(stack, "doctor@clinic.example")
        time.sleep(ANSWERED_AFTER)
        assert PublishedEvents(stack).of(message_id) == []


def test_the_stack_stops_while_an_event_is_pending(tmp_path: Path) -> None:
    sample = project(tmp_path, template=TEMPLATE_WITH_MAIL_EVENTS)
    stack: Stack
    with sample.running() as stack:
        send(stack, "complaint@simulator.amazonses.com")
    assert "Traceback" not in sample.out.getvalue()
