"""Events of Amazon SES as parsed: bounces by their status, complaints, user agents and times.

The bounces and user agents are from public bug reports of other senders.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from referral_intake.core.mail_effects import effect
from referral_intake.core.mail_events import EventKind, MailEvent
from referral_intake.feedback import ses_events, user_agents
from tests.support.mail_events import LATER, SENT_AT, mail_event
from tests.support.samples import referral


def read(event: dict[str, Any], now: datetime = LATER) -> MailEvent:
    found = ses_events.read(json.dumps(event), now)
    assert found
    return found


def bounce(bounce_type: str, subtype: str, status: str = "", diagnostic: str = "") -> MailEvent:
    recipient = {"emailAddress": "maria@clinic.example", "action": "failed"}
    recipient |= {"status": status} if status else {}
    recipient |= {"diagnosticCode": diagnostic} if diagnostic else {}
    return read(
        mail_event("Bounce", "", 2, bounceType=bounce_type, bounceSubType=subtype, bouncedRecipients=[recipient])
    )


@pytest.mark.parametrize(
    "event",
    [
        bounce("Permanent", "General", "5.1.1"),
        bounce("Permanent", "Suppressed"),
        bounce("Transient", "General", "5.4.4", "smtp; 550 5.4.4 Invalid domain"),
        bounce("Transient", "General", "5.3.0", "smtp; 550 denied by policy"),
        bounce("Transient", "General", "", "smtp; 550 5.1.1 user unknown"),
        bounce("Transient", "General", "", "smtp; 554 no such user"),
        bounce("Transient", "General", "", "550 no such user"),
        bounce("Transient", "General", "5.1.10", "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
    ],
)
def test_a_permanent_status_is_a_bounce(event: MailEvent) -> None:
    assert (event.kind, event.is_retryable) == (EventKind.BOUNCED, False)


@pytest.mark.parametrize(
    "event",
    [
        bounce("Transient", "MailboxFull", "5.2.2"),
        bounce("Transient", "MailboxFull"),
        bounce("Transient", "CustomTimeoutExceeded"),
        bounce("Transient", "General", "4.4.7", "smtp; 550 4.4.7 Message expired: unable to deliver in 840 minutes"),
        bounce("Transient", "General", "", "smtp; 421 4.2.1 try again later, 198.51.5.1.2"),
    ],
)
def test_a_temporary_status_is_a_soft_bounce_that_is_retried(event: MailEvent) -> None:
    assert (event.kind, event.is_retryable) == (EventKind.SOFT_BOUNCED, True)


@pytest.mark.parametrize(
    "event",
    [
        bounce("Transient", "General"),  # Perhaps an automatic reply.
        bounce("Transient", "General", "2.0.0"),
        bounce("Transient", "General", "", "smtp; message received by 5.1.2.3"),
        bounce("Transient", "ContentRejected", "5.3.0", "smtp; 550 spam detected"),
        bounce("Transient", "AttachmentRejected", "5.7.1", "smtp; 554 5.7.1 attachment rejected"),
        bounce("Undetermined", "Undetermined", "5.0.0"),
    ],
)
def test_a_bounce_that_says_nothing_about_the_address_is_only_recorded(event: MailEvent) -> None:
    assert (event.kind, event.is_retryable) == (EventKind.SOFT_BOUNCED, False)


@pytest.mark.parametrize(
    ("kind_of_feedback", "kind"),
    [
        ("abuse", EventKind.COMPLAINED),
        ("not-spam", EventKind.SENT),
        ("Not-Spam", EventKind.SENT),
        ("auth-failure", EventKind.SENT),
    ],
)
def test_only_reports_of_spam_are_complaints(kind_of_feedback: str, kind: EventKind) -> None:
    assert read(mail_event("Complaint", "", 60, complaintFeedbackType=kind_of_feedback)).kind is kind


def test_a_complaint_without_a_type_is_a_complaint() -> None:
    assert read(mail_event("Complaint", "", 60, complaintFeedbackType=None)).kind is EventKind.COMPLAINED


@pytest.mark.parametrize("kind", ["Complaint", "Bounce", "Open", "Click", "Delivery"])
def test_a_member_that_is_null_is_missing(kind: str) -> None:
    event = mail_event(kind, "", 60, userAgent=None, bounceSubType=None, bouncedRecipients=None, link=None)
    event["detail"]["mail"]["destination"] = None
    assert read(event).step == "introduction"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-3 * 365 * 86_400, SENT_AT),
        (5, SENT_AT + timedelta(seconds=5)),
        (3 * 365 * 86_400, LATER),
    ],
)
def test_times_are_between_the_time_of_sending_and_now(seconds: float, expected: datetime) -> None:
    assert read(mail_event("Bounce", "", seconds)).at == expected
    assert read(mail_event("Bounce", "", 0), datetime(2026, 11, 1, tzinfo=UTC)).at == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "subtype", "is_counted"),
    [
        ("maria@clinic.example", "General", True),
        ("bounce@simulator.amazonses.com", "General", False),
        ("Bounce+label@Simulator.AmazonSES.com", "General", False),
        ("maria@clinic.example", "OnAccountSuppressionList", False),
        ("maria@clinic.example", "Suppressed", False),
    ],
)
def test_the_breaker_counts_only_messages_that_affect_the_reputation(
    address: str, subtype: str, *, is_counted: bool
) -> None:
    event = mail_event("Bounce", "", 2, bounceSubType=subtype)
    event["detail"]["mail"]["destination"] = [address]
    assert effect(read(event), referral(), None).counts == (["bounced"] if is_counted else [])


def test_the_breaker_does_not_count_a_complaint_about_a_message_that_was_not_sent() -> None:
    event = mail_event("Complaint", "", 2, complaintSubType="OnAccountSuppressionList")
    assert effect(read(event), referral(), None).counts == []
    assert effect(read(mail_event("Complaint", "", 2)), referral(), None).counts == ["complained"]


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        " ",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/119.0.0.0 Safari/537.36",
        "Go-http-client/1.1",
        "Python-urllib/3.11",
        "python-httpx/0.27.0",
        "python-requests/2.32.3",
        "okhttp/4.9.3",
        "Apache-HttpClient/4.5.13 (Java/11)",
        "Java/1.8.0_291",
        "Ruby",
        "PostmanRuntime/7.39.0",
        "Wget/1.21",
        "curl/8.5.0",
        "libwww-perl/6.43",
        "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
        "axios/1.6.0",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
        "WhatsApp/2.23.20.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "-",
        "GuzzleHttp/7",
        "Symfony HttpClient/Curl",
        "Jakarta Commons-HttpClient/3.1",
        "reqwest/0.11.18",
        "Dart/3.2 (dart:io)",
        "RestSharp/110.2.0.0",
        "undici",
        "node",
        "urllib3/2.0.7",
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; Proofpoint)",
    ],
)
def test_programs_are_recognized_by_their_user_agent(user_agent: str) -> None:
    assert user_agents.is_program(user_agent)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0",
        "Mozilla/5.0 (Linux; Android 11; CUBOT KINGKONG 5 Pro) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0"
        " Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; Microsoft Outlook 16.0.5)",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    ],
)
def test_browsers_and_mail_programs_are_people(user_agent: str) -> None:
    assert not user_agents.is_program(user_agent)
