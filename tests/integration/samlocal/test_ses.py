"""The local SES: requests of boto3, stored messages, and the errors of SES."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from samlocal.aws.resources import Cloud
from samlocal.events.event_bus import EventBus
from samlocal.runtime.delayed_calls import DelayedCalls
from samlocal.ses.events import Publisher
from samlocal.ses.mailbox import Mailbox
from samlocal.ses.mailbox_simulator import Delivery
from samlocal.ses.ses_api import Ses
from samlocal.ses.tracking import Tracking

GOOD: dict[str, Any] = {
    "FromEmailAddress": '"STAR, Inc." <outreach@star-ablation.example>',
    "Destination": {"ToAddresses": ["doctor@clinic.example"]},
    "ReplyToAddresses": ["info@star-ablation.example"],
    "ConfigurationSetName": "outreach",
    "EmailTags": [{"Name": "campaign", "Value": "lumen"}],
    "Content": {
        "Simple": {
            "Subject": {"Data": "Grüße", "Charset": "UTF-8"},
            "Body": {"Text": {"Data": "text"}, "Html": {"Data": "<p>html</p>"}},
            "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://site.example/opt-out>"}],
        }
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    request = deepcopy(GOOD)
    *parents, last = path.split(".")
    inner = request
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return request


def silent(mailbox: Mailbox) -> Ses:
    """A mailbox that publishes no events."""
    publisher = Publisher(EventBus(Cloud(""), lambda: ()), lambda: ())
    delivery = Delivery(publisher, DelayedCalls(pytest.fail))
    return Ses(mailbox, lambda name: name == "outreach", Tracking(publisher, "http://127.0.0.1"), delivery)


def ask(
    request: object, operation: str = "v2/email/outbound-emails", method: str = "POST"
) -> tuple[int, str, Any, Mailbox]:
    mailbox = Mailbox()
    ses = silent(mailbox)
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    response = ses.answer(Request(EnvironBuilder(method=method, data=body).get_environ()), operation)
    return response.status_code, response.headers.get("x-amzn-errortype", ""), json.loads(response.data), mailbox


def test_a_message_is_stored_completely() -> None:
    status, _, answer, mailbox = ask(GOOD)

    (mail,) = (mail.as_json() for mail in mailbox.all())
    assert status == 200
    assert list(mail) == [
        "id", "time", "from", "reply_to", "to", "subject", "text", "html", "headers", "tags", "configuration_set"
    ]  # fmt: skip
    assert mail == mail | {
        "id": answer["MessageId"],
        "from": '"STAR, Inc." <outreach@star-ablation.example>',
        "reply_to": ["info@star-ablation.example"],
        "to": ["doctor@clinic.example"],
        "subject": "Grüße",
        "text": "text",
        "html": "<p>html</p>",
        "headers": [{"name": "List-Unsubscribe", "value": "<https://site.example/opt-out>"}],
        "tags": {"campaign": "lumen"},
        "configuration_set": "outreach",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", mail["time"])
    assert re.fullmatch(r"0100[0-9a-f]{12}-[0-9a-f-]{36}-000000", mail["id"])


HEADERS = "Content.Simple.Headers"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("FromEmailAddress", None),
        ("FromEmailAddress", "outreach"),
        ("FromEmailAddress", "Star, Inc. <outreach@star-ablation.example>"),
        ("FromEmailAddress", "STÄR <outreach@star-ablation.example>"),
        ("FromEmailAddress", "Star <outreach@star-ablation.example>\r\nBcc: x@y.example"),
        ("Destination", {}),
        ("Destination.ToAddresses", ["dörte@clinic.example"]),
        ("Destination.ToAddresses", ["doctor@clínica.example"]),
        ("Destination.ToAddresses", ["doctor @clinic.example"]),
        ("Destination.ToAddresses", ["doctor@clinic"]),
        ("Destination.ToAddresses", ["a@clinic.example, b@clinic.example"]),
        ("Destination.ToAddresses", [f"d{n}@clinic.example" for n in range(51)]),
        ("ReplyToAddresses", ["x@y.example\n"]),
        ("EmailTags", [{"Name": "campaign", "Value": "the star"}]),
        ("EmailTags", [{"Name": "", "Value": "lumen"}]),
        ("EmailTags", [{"Name": "n", "Value": "v" * 257}]),
        (HEADERS, [{"Name": f"X-{n}", "Value": "v"} for n in range(16)]),
        (HEADERS, [{"Name": "X:Y", "Value": "v"}]),
        (HEADERS, [{"Name": "X Y", "Value": "v"}]),
        (HEADERS, [{"Name": "X" * 127, "Value": "v"}]),
        (HEADERS, [{"Name": "X", "Value": "v" * 996}]),
        (HEADERS, [{"Name": "X", "Value": "a\r\nBcc: x@y.example"}]),
        (HEADERS, [{"Name": "X", "Value": "ü"}]),
        (HEADERS, [{"Name": "From", "Value": "x@y.example"}]),
        ("Content.Simple.Subject", {"Data": "Grüße"}),
        ("Content.Simple.Subject", {"Data": "a\nb"}),
        ("Content.Simple.Body", {}),
        ("Content.Simple.Body.Text", {"Data": "ü"}),
    ],
)
def test_a_message_that_ses_refuses_is_refused(path: str, value: object) -> None:
    status, kind, answer, mailbox = ask(changed(path, value))

    assert (status, kind) == (400, "BadRequestException")
    assert answer["message"]
    assert not mailbox.all()


@pytest.mark.parametrize(
    ("path", "value", "status", "kind"),
    [
        ("ConfigurationSetName", "unknown", 404, "NotFoundException"),
        ("Content.Simple.Body.Text", {"Data": "x" * (10 * 1024 * 1024 + 1)}, 400, "MessageRejected"),
        ("Content", {"Raw": {"Data": "x"}}, 501, "NotImplemented"),
        ("Content", {"Template": {"TemplateName": "x"}}, 501, "NotImplemented"),
    ],
)
def test_each_error_has_its_name_in_ses(path: str, value: object, status: int, kind: str) -> None:
    assert ask(changed(path, value))[:2] == (status, kind)


def test_get_account_counts_recipients_of_the_last_day() -> None:
    mailbox = Mailbox()
    ses = silent(mailbox)
    ses.answer(Request(EnvironBuilder(method="POST", data=json.dumps(GOOD)).get_environ()), "v2/email/outbound-emails")

    account = json.loads(ses.answer(Request(EnvironBuilder().get_environ()), "v2/email/account").data)

    assert account["SendQuota"] == {"Max24HourSend": 50000.0, "MaxSendRate": 100.0, "SentLast24Hours": 1.0}
    assert account["ProductionAccessEnabled"]
    assert account["SendingEnabled"]


def test_any_other_operation_is_unknown() -> None:
    assert ask({}, "v2/email/identities")[:2] == (501, "NotImplemented")
