"""What the local SES tells of a message, and how the template's rules bring it to a queue."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from samlocal.ses.mailbox_simulator import ANSWERED_AFTER, scenario
from samlocal.template import reader
from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import Template
from samlocal.template.references import Places
from tests.integration.local_scratch import LISTENING, News, project, send
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

Told = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="class")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The events about one message to each address, and about two sent with other configuration sets."""
    with project(tmp_path_factory.mktemp("mail"), template=LISTENING).running() as stack:
        sent = {address: send(stack, address) for address in ADDRESSES}
        sent |= {kind: send(stack, "doctor@clinic.example", kind=kind) for kind in ("Silent", "Sparing")}
        time.sleep(ANSWERED_AFTER + 0.4)
        news = News(stack)
        yield {name: news.of(message_id) for name, message_id in sent.items()}


class TestEvents:
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_each_address_meets_its_fate(self, told: Told, address: str) -> None:
        assert [event["detail-type"] for event in told[address]] == ADDRESSES[address]

    def test_a_configuration_set_publishes_what_its_destinations_name_and_nothing_else(self, told: Told) -> None:
        assert told["Silent"] == []
        assert [event["detail"]["eventType"] for event in told["Sparing"]] == ["Delivery"]

    def test_an_event_has_the_shape_that_ses_gives_it(self, told: Told) -> None:
        sample, event = events.sample("ses_event"), told["doctor@clinic.example"][0]

        assert event.keys() == sample.keys()
        assert event["detail"].keys() == sample["detail"].keys()
        assert event["detail"]["mail"].keys() == sample["detail"]["mail"].keys()
        assert event["detail"]["mail"]["tags"].keys() == {*sample["detail"]["mail"]["tags"], "referral"}
        assert event["source"] == "aws.ses"
        assert event["resources"] == ["arn:aws:ses:us-east-1:123456789012:configuration-set/referral-intake-Mail"]

    def test_the_message_is_described_with_its_headers_and_tags(self, told: Told) -> None:
        mail = told["Bounce+a.label@simulator.amazonses.com"][-1]["detail"]["mail"]
        headers = {header["name"]: header["value"] for header in mail["headers"]}

        assert mail["destination"] == ["Bounce+a.label@simulator.amazonses.com"]
        assert headers["List-Unsubscribe"] == "<https://star.example/stop>"
        assert headers["Reply-To"] == "info@star.example"
        assert mail["commonHeaders"]["subject"] == "News"
        assert mail["tags"]["referral"] == ["R1"]
        assert mail["tags"]["ses:configuration-set"] == ["referral-intake-Mail"]
        assert mail["tags"]["ses:from-domain"] == ["star.example"]

    @pytest.mark.parametrize(
        ("address", "kind", "sub_kind"),
        [
            ("Bounce+a.label@simulator.amazonses.com", "Permanent", "General"),
            ("suppressionlist@simulator.amazonses.com", "Permanent", "Suppressed"),
            ("ooto@simulator.amazonses.com", "Transient", "General"),
        ],
    )
    def test_bounces_say_of_which_kind_they_are(self, told: Told, address: str, kind: str, sub_kind: str) -> None:
        bounce = told[address][-1]["detail"]["bounce"]

        assert (bounce["bounceType"], bounce["bounceSubType"]) == (kind, sub_kind)
        assert [recipient["emailAddress"] for recipient in bounce["bouncedRecipients"]] == [address]

    def test_a_delivery_says_when_and_how_long_it_took(self, told: Told) -> None:
        delivery = told["doctor@clinic.example"][1]["detail"]["delivery"]

        assert delivery["recipients"] == ["doctor@clinic.example"]
        assert 200 <= delivery["processingTimeMillis"] < 2000
        assert delivery["timestamp"] > told["doctor@clinic.example"][1]["detail"]["mail"]["timestamp"]


@pytest.mark.parametrize("address", ["bounce@clinic.example", "bounced@simulator.amazonses.com", "bounce"])
def test_only_the_simulator_s_own_addresses_are_special(address: str) -> None:
    assert scenario(address) == ""


def load(folder: Path, old: str, new: str) -> Template:
    assert old in LISTENING
    file = folder / "template.yaml"
    file.write_text(LISTENING.replace(old, new))
    return reader.load(file, {"SiteUrl": "http://127.0.0.1:1"}, Places("referral-intake", "http://127.0.0.1:5000"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "EventPattern: { source",
            "ScheduleExpression: rate(1 day)\n      E: { source",
            "MailNews: EventPattern is mis",
        ),
        ("Targets: [{ Id: news, Arn: !GetAtt News.Arn }]", "EventBusName: mine", "MailNews: .*the default event bus"),
        ("{ Id: news, Arn: !GetAtt News.Arn }", "{ Id: x, Arn: !GetAtt Door.Arn }", "MailNews: .*queues.*not Door"),
        ("Arn: !GetAtt News.Arn }", "Arn: !GetAtt News.Arn, InputPath: $.detail }", "MailNews: .*InputPath"),
        ("EventBridgeDestination:", "SnsDestination:", "MailEvents: .*only to EventBridge"),
        ("event-bus/default", "event-bus/mine", "MailEvents: .*only the default event bus"),
    ],
)
def test_what_the_local_bus_does_not_know_is_an_error_that_names_the_resource(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(TemplateError, match=said):
        load(tmp_path, old, new)


def test_what_is_switched_off_is_left_out(tmp_path: Path) -> None:
    found = load(tmp_path, "Enabled: true", "Enabled: false")

    assert {one.configuration_set for one in found.event_destinations} == {"referral-intake-Sparing"}


def test_an_edited_rule_is_taken_up(tmp_path: Path) -> None:
    made = project(tmp_path, template=LISTENING)
    with made.running() as stack:
        stack.adopt(load(tmp_path, "source: [aws.ses]", "source: [aws.other]"))
        message_id = send(stack, "doctor@clinic.example")
        time.sleep(ANSWERED_AFTER)
        assert News(stack).of(message_id) == []


def test_the_stack_ends_while_an_event_is_still_to_come(tmp_path: Path) -> None:
    made = project(tmp_path, template=LISTENING)
    stack: LocalStack
    with made.running() as stack:
        send(stack, "complaint@simulator.amazonses.com")
    assert "Traceback" not in made.out.getvalue()
