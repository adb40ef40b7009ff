"""No personal data in logs, metrics, message tags or URLs.

A doctor whose details are marked passes all handlers with all failures. Then every line is searched.
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
from tests.integration.handler_harness import DOCTOR, PERSONAL_DATA, HandlerHarness, handler_harness
from tests.support import proofs, samples
from tests.support.function_output import FunctionOutput, loggers_of_functions, recorded_output
from tests.support.http_client import fetch
from tests.support.stack import local_stack
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def harness(
    client: "DynamoDBClient",
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[HandlerHarness]:
    with handler_harness(client, secret_names, monkeypatch) as harness:
        yield harness


def marked(text: str) -> list[str]:
    return [mark for mark in PERSONAL_DATA if mark in text.casefold()]


def assert_no_personal_data(output: FunctionOutput) -> None:
    assert [line for line in output.everything() if marked(line)] == []


def test_no_personal_data_are_logged_or_measured_in_any_case(harness: HandlerHarness) -> None:
    with recorded_output() as output:
        harness.run_all()
    assert_no_personal_data(output)
    assert len(harness.raised) == 3
    assert [text for text in harness.raised if marked(text)] == []
    # Confirms that the test is complete: each handler logged, including failures.
    assert {line["function_name"] for line in output.logged} == FUNCTIONS
    assert {line["message"] for line in output.logged if line["level"] == "ERROR"} >= ERROR_MESSAGES
    assert len(output.emitted) > 30


FUNCTIONS = {"intake", "lookup", "outreach", "stats", "wake", "feedback", "links", "dashboard", "reports"}
ERROR_MESSAGES = {
    "unexpected error",
    "outreach failed",
    "referral can't be read",
    "event could not be taken",
    "referral could not be woken",
    "the breaker stopped the campaign",
    "report not finished by this run",
    "function failed",
}


def test_a_log_line_with_the_address_of_a_doctor_is_detected(harness: HandlerHarness) -> None:
    with recorded_output() as output:
        intake.logger.info("to", address=DOCTOR["email"])
        intake.logger.info(DOCTOR["name"])
        print(json.dumps({"_aws": {}, "phone": DOCTOR["phone"]}))  # noqa: T201
    assert len([line for line in output.everything() if marked(line)]) == 3


def test_the_message_of_an_exception_is_not_logged_but_its_origin_is(harness: HandlerHarness) -> None:
    with recorded_output() as output:
        harness.run_failures()
    failed = next(line for line in output.logged if line["message"] == "outreach failed")
    assert failed["exception_name"] == "ValueError"
    assert "builtins.ValueError\n  outreach/stream_records.py:" in failed["exception"]
    assert failed["exception"].endswith("because of\nbuiltins.KeyError")


def test_tags_and_links_of_a_message_contain_no_personal_data(harness: HandlerHarness) -> None:
    harness.run_submissions()
    harness.run_outreach()
    for request in harness.mail.sent:
        assert marked(json.dumps(request["EmailTags"])) == []
        simple = request["Content"]["Simple"]
        headers = [header["Value"] for header in simple["Headers"]]
        text = " ".join([simple["Body"]["Text"]["Data"], simple["Body"]["Html"]["Data"], *headers])
        urls = re.findall(r"https?://[^\s\"<>]+", text)
        assert len(urls) > 3
        assert [url for url in urls if marked(url) or marked(readable(url))] == []


def readable(url: str) -> str:
    """The content of a signed token, which any reader can decode."""
    payload = url.partition("token=")[2].partition(".")[0]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode(errors="replace")


def test_addresses_of_pages_for_patients_contain_no_personal_data(harness: HandlerHarness) -> None:
    answer: dict[str, Any] = harness.post(samples.payload(doctor=DOCTOR))
    assert answer["statusCode"] == 201
    assert marked(answer["headers"]["location"]) == []


def test_the_log_of_the_local_stack_contains_no_personal_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "logs.jsonl"
    with local_stack(tmp_path, log_file=log) as stack:
        for logger in loggers_of_functions():
            # A logger keeps the stream that was current at the first import of its handler, maybe in another test.
            monkeypatch.setattr(logger.handlers[0], "stream", sys.stdout)
        sent = proofs.with_proof_for_stack(stack, samples.payload(doctor=DOCTOR))
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


# ---- From page to message --------------------------------------------------------------------------------------------


def test_every_log_line_about_a_referral_has_its_receipt_from_page_to_message(harness: HandlerHarness) -> None:
    with recorded_output() as output:
        receipt = harness.submit()
        harness.deliver_records(receipt)
        harness.deliver_ses_event("Delivery", receipt, 2)
        harness.follow_link("/api/answer", answer="call")
    about = [(line["function_name"], line["message"]) for line in output.logged if line.get("referral") == receipt]
    assert about == [
        ("intake", "referral stored"),
        ("outreach", "referral handled"),
        ("feedback", "event taken"),
        ("links", "doctor answered"),
    ]


def test_a_log_line_of_intake_has_the_request_id_of_the_api(harness: HandlerHarness) -> None:
    with recorded_output() as output:
        harness.submit()
        harness.post({"doctor": {}})
    assert [line["correlation_id"] for line in output.logged] == ["JKJaXmPLvHcESHA="] * 2


def test_the_receipt_of_a_referral_is_never_on_log_lines_of_another(harness: HandlerHarness) -> None:
    first, second = harness.submit(), harness.submit_for_another_doctor("second")
    items = harness.table_reader.items()
    harness.set_attributes(first, stage="stagemark")
    broken, good = harness.table_reader.items()[f"referral#{first}"], items[f"referral#{second}"]
    records = [harness.record(image) for image in (good, broken, good)]
    with recorded_output() as output:
        harness.invoke("outreach", {"Records": records})
        harness.deliver_ses_event_body(json.dumps({"detail": {"eventType": "Send", "mail": {}}}))
        harness.post({"doctor": {}})
        harness.wake()
    outreach = [line for line in output.logged if line["function_name"] == "outreach"]
    assert [line["referral"] for line in outreach] == [second, first, second]
    others = [line for line in output.logged if line["function_name"] != "outreach"]
    assert len(others) >= 2
    assert [line for line in others if "referral" in line or "sequence_number" in line] == []
