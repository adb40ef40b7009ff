"""Requests to Amazon SES, and the interpretation of its responses."""

import socket
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from referral_intake.aws import ses as adapter
from referral_intake.aws.ses import SesMailer
from referral_intake.aws.signed_links import Links
from referral_intake.core.message import Deferred, Message, Refused, Unclear
from referral_intake.outreach.message_templates import MessageComposer
from tests.integration import aws, ses_server
from tests.integration.ses_server import Ses
from tests.support import samples

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


def message(sender_name: str = "STAR", to: str = "maria.lopez@clinic.example") -> Message:
    return Message(
        to=to,
        sender_name=sender_name,
        reply_to="information@spine.example",
        subject="A patient asked us — to tell you",
        text="Dear 李小龍,\n",
        html="<p>Dear 李小龍,</p>",
        headers={
            "List-Unsubscribe": "<https://spine.example/x>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        tags={"referral": "K3QF-7ZTA-MM2X-PE5R", "campaign": "lumen"},
        version="2026-11",
        content_hash="c0ffee",
    )


@pytest.fixture
def ses(fake_credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ses]:
    with ses_server.running() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", server.url)
        yield server


@pytest.fixture
def mailer(ses: Ses) -> SesMailer:
    return SesMailer(adapter.client(), aws.SENDER, "outreach-mail")


def client_with_short_timeout(url: str | None = None) -> "SESV2Client":
    """The deployed client with shorter timeouts."""
    config = adapter._CONFIG.merge(Config(read_timeout=0.2, connect_timeout=0.2))
    return boto3.client("sesv2", config=config, endpoint_url=url)


# ---- Requests --------------------------------------------------------------------------------------------------------


def test_one_message_is_one_complete_request(ses: Ses, mailer: SesMailer) -> None:
    assert mailer.send(message()) == "message-1"
    assert ses.paths == ["/v2/email/outbound-emails"]
    (request,) = ses.requests
    assert request["FromEmailAddress"] == f"STAR <{aws.SENDER}>"
    assert request["Destination"] == {"ToAddresses": ["maria.lopez@clinic.example"]}
    assert request["ReplyToAddresses"] == ["information@spine.example"]
    assert request["ConfigurationSetName"] == "outreach-mail"
    assert request["EmailTags"] == [
        {"Name": "referral", "Value": "K3QF-7ZTA-MM2X-PE5R"},
        {"Name": "campaign", "Value": "lumen"},
    ]
    simple = request["Content"]["Simple"]
    assert {header["Name"]: header["Value"] for header in simple["Headers"]} == message().headers
    assert simple["Subject"] == {"Data": "A patient asked us — to tell you", "Charset": "UTF-8"}
    assert simple["Body"]["Text"] == {"Data": "Dear 李小龍,\n", "Charset": "UTF-8"}
    assert simple["Body"]["Html"] == {"Data": "<p>Dear 李小龍,</p>", "Charset": "UTF-8"}


@pytest.mark.parametrize(
    "name",
    [
        "Lumen Spine Lamp",
        "Müller & Søn A/S",
        "李小龍醫療",
        'Example, Inc. "Medical"',
        "Example <spoof@evil.example>",
        "a" * 100,
        "Ü" * 100,
        "",
    ],
)
def test_any_sender_name_is_displayed_with_our_address(ses: Ses, mailer: SesMailer, name: str) -> None:
    mailer.send(message(sender_name=name))
    sender = ses.requests[0]["FromEmailAddress"]
    assert sender.isascii()
    assert "\n" not in sender
    assert "\r" not in sender
    shown, address = parseaddr(sender)
    assert str(make_header(decode_header(shown))) == name
    assert address == aws.SENDER


def test_the_message_of_the_campaign_is_accepted_by_ses(ses: Ses, mailer: SesMailer) -> None:
    referral = aws.submitted(
        name="Nguyễn Thị Minh Khai",
        npi="1234567893",
        phone="217 555 0123",
        address={"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"},
    )
    messages = MessageComposer(samples.TEMPLATES, Links(aws.ring_of(aws.RING), aws.SITE_URL), aws.SITE_URL)
    mailer.send(messages.compose(referral, samples.campaign(), aws.claim_for(referral)))
    (request,) = ses.requests
    headers = request["Content"]["Simple"]["Headers"]
    assert len(headers) <= 15
    for header in headers:
        assert len(header["Name"]) <= 126
        assert len(header["Value"]) <= 995
        assert header["Value"].isascii()
        assert header["Value"].isprintable()
    for tag in request["EmailTags"]:
        assert 0 < len(tag["Value"]) <= 256
        assert all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in tag["Value"])
    personal = ("khai", "lopez", "clinic", "1234567893", "5550123")
    assert not [detail for detail in personal if detail in str(request["EmailTags"] + headers).casefold()]


# ---- Responses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_permanent_error_of_ses_is_refused(ses: Ses, mailer: SesMailer, code: str) -> None:
    ses.fails = (code, 400, "Email address is not what it should be")
    with pytest.raises(Refused) as refused:
        mailer.send(message())
    assert refused.value.reason == code


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("ThrottlingException", 400),
        ("LimitExceededException", 400),
        ("SendingPausedException", 400),
        ("AccountSuspendedException", 400),
        ("MailFromDomainNotVerifiedException", 400),
        ("NotFoundException", 404),
        ("AccessDeniedException", 403),
    ],
)
def test_a_transient_error_of_ses_is_deferred(ses: Ses, mailer: SesMailer, code: str, status: int) -> None:
    ses.fails = (code, status, "Later")
    with pytest.raises(Deferred) as deferred:
        mailer.send(message())
    assert deferred.value.reason == code


@pytest.mark.parametrize(
    "code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException", "Throttling"]
)
def test_a_request_that_aws_rejected_was_not_sent(ses: Ses, mailer: SesMailer, code: str) -> None:
    # A clear rejection, though not of the message. No person has to check whether the doctor got it.
    ses.fails = (code, 403, "No")
    with pytest.raises(Deferred):
        mailer.send(message())


def test_an_unverified_identity_is_our_error_and_not_the_doctors(ses: Ses, mailer: SesMailer) -> None:
    ses.fails = ("MessageRejected", 400, f"Email address is not verified. In region US-EAST-1: {aws.SENDER}")
    with pytest.raises(Deferred) as deferred:
        mailer.send(message())
    assert deferred.value.reason == "identity_not_verified"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_unclear_and_is_tried_once(ses: Ses, mailer: SesMailer, status: int) -> None:
    ses.fails = ("InternalFailure", status, "Sorry")
    with pytest.raises(Unclear):
        mailer.send(message())
    assert len(ses.requests) == 1


@pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException", "MessageRejected"])
def test_the_sdk_does_not_retry(ses: Ses, mailer: SesMailer, code: str) -> None:
    ses.fails = (code, 429, "Later")
    with pytest.raises((Deferred, Refused)):
        mailer.send(message())
    assert len(ses.requests) == 1


def test_a_timeout_is_unclear_and_is_tried_once(ses: Ses) -> None:
    ses.fails = ses_server.HANGS
    with pytest.raises(Unclear):
        SesMailer(client_with_short_timeout(), aws.SENDER, "outreach-mail").send(message())
    assert len(ses.requests) == 1


def test_a_connection_that_breaks_before_the_response_is_unclear_and_is_tried_once(ses: Ses, mailer: SesMailer) -> None:
    ses.fails = ses_server.DROPS
    with pytest.raises(Unclear):
        mailer.send(message())
    assert len(ses.requests) == 1


def test_a_refused_connection_is_deferred(fake_credentials: None) -> None:
    with socket.socket() as taken:
        # Bound without listening.
        taken.bind(("127.0.0.1", 0))
        client = client_with_short_timeout(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Deferred) as deferred:
            SesMailer(client, aws.SENDER, "outreach-mail").send(message())
    assert deferred.value.reason == "ses_unreachable"


def test_without_credentials_nothing_was_sent(ses: Ses, mailer: SesMailer, monkeypatch: pytest.MonkeyPatch) -> None:
    # Credentials are temporarily missing, so no request was made.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(Deferred):
        SesMailer(adapter.client(), aws.SENDER, "outreach-mail").send(message())
    assert ses.requests == []


def test_the_deployed_client_makes_one_attempt_with_a_timeout_of_seconds() -> None:
    config: Any = adapter._CONFIG  # its stubs know no attributes
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout <= 10
