"""Nothing about anybody in what is logged, measured, put into a message's tags or into an address of ours.

A doctor whose every detail is marked goes through all doors, with all that goes wrong; then every line is searched.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from referral_intake.intake import submissions as intake
from tests.e2e.mailbox import Mailbox
from tests.integration.life import DOCTOR, MARKS, Life, living
from tests.integration.local_scratch import fetch
from tests.support import proofs, samples
from tests.support.stack import local_stack
from tests.support.waiting import eventually
from tests.support.watched import Watched, loggers_of_functions, watching

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def life(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Life]:
    with living(client, secret_names, monkeypatch) as life:
        yield life


def marked(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text.casefold()]


def assert_nobody_in(watched: Watched) -> None:
    assert [line for line in watched.everything() if marked(line)] == []


def test_nothing_personal_is_logged_or_measured_whatever_happens(life: Life) -> None:
    with watching() as watched:
        life.live()
    assert_nobody_in(watched)
    assert len(life.raised) == 3
    assert [text for text in life.raised if marked(text)] == []
    # It was a whole life: each door spoke, of what went wrong too.
    assert {line["function_name"] for line in watched.logged} == DOORS
    assert {line["message"] for line in watched.logged if line["level"] == "ERROR"} >= WENT_WRONG
    assert len(watched.emitted) > 30


DOORS = {"intake", "lookup", "outreach", "stats", "wake", "feedback", "links", "dashboard", "reports"}
WENT_WRONG = {
    "unexpected error",
    "outreach failed",
    "referral can't be read",
    "event could not be taken",
    "referral could not be woken",
    "the breaker stopped the campaign",
    "report not finished by this run",
    "function failed",
}


def test_a_line_that_holds_a_doctors_address_would_be_found(life: Life) -> None:
    with watching() as watched:
        intake.logger.info("to", address=DOCTOR["email"])
        intake.logger.info(DOCTOR["name"])
        print(json.dumps({"_aws": {}, "phone": DOCTOR["phone"]}))  # noqa: T201
    assert len([line for line in watched.everything() if marked(line)]) == 3


def test_what_an_exception_says_is_not_logged_but_where_it_came_from(life: Life) -> None:
    with watching() as watched:
        life.everything_breaks()
    failed = next(line for line in watched.logged if line["message"] == "outreach failed")
    assert failed["exception_name"] == "ValueError"
    assert "builtins.ValueError\n  outreach/stream_records.py:" in failed["exception"]
    assert failed["exception"].endswith("because of\nbuiltins.KeyError")


def test_a_messages_tags_and_the_addresses_in_it_name_nobody(life: Life) -> None:
    life.patients_send()
    life.outreach_writes()
    for asked in life.mail.sent:
        assert marked(json.dumps(asked["EmailTags"])) == []
        simple = asked["Content"]["Simple"]
        headers = [header["Value"] for header in simple["Headers"]]
        text = " ".join([simple["Body"]["Text"]["Data"], simple["Body"]["Html"]["Data"], *headers])
        urls = re.findall(r"https?://[^\s\"<>]+", text)
        assert len(urls) > 3
        assert [url for url in urls if marked(url) or marked(readable(url))] == []


def readable(url: str) -> str:
    """What a token says to whoever decodes it, signed as it is."""
    payload = url.partition("token=")[2].partition(".")[0]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode(errors="replace")


def test_where_patients_are_led_names_nobody(life: Life) -> None:
    answer: dict[str, Any] = life.post(samples.payload(doctor=DOCTOR))
    assert answer["statusCode"] == 201
    assert marked(answer["headers"]["location"]) == []


def test_the_log_of_the_local_stack_names_nobody_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "logs.jsonl"
    with local_stack(tmp_path, log_file=log) as stack:
        for logger in loggers_of_functions():
            # A logger keeps the stream that there was when its door was first imported, maybe by another test.
            monkeypatch.setattr(logger.handlers[0], "stream", sys.stdout)
        sent = proofs.proven_to(stack, samples.payload(doctor=DOCTOR))
        assert fetch(f"{stack.url}/api/referrals", "POST", sent).status == 201
        assert fetch(f"{stack.url}/api/referrals", "POST", {**sent, "doctor": {"email": "mailmark@"}}).status == 422
        fetch(f"{stack.url}/api/doctors?name=Zyxmark&state=IL", headers={"user-agent": "Agentmark"})
        (message,) = Mailbox(stack.url).wait_for(1)
        answer = re.search(r"http\S+/api/answer\?token=\S+", message["text"])
        assert answer
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert fetch(answer.group(), "POST", b"answer=call", form).status == 200
        eventually(lambda: "event taken" in log.read_text("utf-8"))
        lines = log.read_text("utf-8").splitlines()
    assert {"referral stored", "referral handled", "doctor answered"} <= {
        json.loads(line).get("message") for line in lines
    }
    assert [line for line in lines if '"_aws"' in line]
    assert [line for line in lines if marked(line)] == []


# ---- From page to mail -----------------------------------------------------------------------------------------------


def test_every_line_about_a_referral_names_it_from_page_to_mail(life: Life) -> None:
    with watching() as watched:
        receipt = life.submit()
        life.reach(receipt)
        life.tell("Delivery", receipt, 2)
        life.follow("/api/answer", answer="call")
    about = [(line["function_name"], line["message"]) for line in watched.logged if line.get("referral") == receipt]
    assert about == [
        ("intake", "referral stored"),
        ("outreach", "referral handled"),
        ("feedback", "event taken"),
        ("links", "doctor answered"),
    ]


def test_a_line_of_intake_names_the_request_that_the_api_had(life: Life) -> None:
    with watching() as watched:
        life.submit()
        life.post({"doctor": {}})
    assert [line["correlation_id"] for line in watched.logged] == ["JKJaXmPLvHcESHA="] * 2


def test_one_referrals_id_never_sticks_to_anothers_line(life: Life) -> None:
    first, second = life.submit(), life.another("second")
    items = life.look.items()
    life.change(first, stage="stagemark")
    broken, good = life.look.items()[f"referral#{first}"], items[f"referral#{second}"]
    records = [life.record(image) for image in (good, broken, good)]
    with watching() as watched:
        life.invoke("outreach", {"Records": records})
        life.tell_body(json.dumps({"detail": {"eventType": "Send", "mail": {}}}))
        life.post({"doctor": {}})
        life.wake()
    outreach = [line for line in watched.logged if line["function_name"] == "outreach"]
    assert [line["referral"] for line in outreach] == [second, first, second]
    others = [line for line in watched.logged if line["function_name"] != "outreach"]
    assert len(others) >= 2
    assert [line for line in others if "referral" in line or "sequence_number" in line] == []
