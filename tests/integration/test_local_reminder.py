"""Several weeks within seconds: only a doctor who does not answer gets a reminder."""

import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.support import proofs, samples
from tests.support.stack import local_stack
from tests.support.waiting import CEILING

DAY = 24 * 3600


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    with local_stack(tmp_path) as running:
        yield running


def submit(stack: LocalStack, email: str) -> str:
    sent = samples.payload(submission_id=str(uuid.uuid4()), doctor=samples.doctor(email=email))
    return post(stack, "/api/referrals", proofs.with_proof_for_stack(stack, sent))["receipt"]


def post(stack: LocalStack, path: str, data: object) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    with urlopen(Request(stack.url + path, json.dumps(data).encode(), headers), timeout=CEILING) as answer:
        content: dict[str, str] = json.load(answer)
    return content


def run_days(stack: LocalStack, days: int, checks_a_day: int = 1) -> None:
    # In small steps, so that each due referral is handled in time.
    for _ in range(days * checks_a_day):
        post(stack, "/_local/clock", {"advance_seconds": DAY // checks_a_day})
        time.sleep(0.2)


@pytest.mark.long
def test_a_doctor_who_does_not_answer_is_reminded_once(stack: LocalStack) -> None:
    mailbox = Mailbox(stack.url)
    submit(stack, "silent@clinic.example")
    answering = submit(stack, "answering@clinic.example")
    introductions = mailbox.wait_for(2)
    (answered,) = (message for message in introductions if "answering" in json.dumps(message["to"]))
    url = re.search(r"http\S+/api/answer\?token=\S+", answered["text"])
    assert url
    form = {"content-type": "application/x-www-form-urlencoded"}
    urlopen(Request(url.group(), b"answer=no", form), timeout=CEILING).close()
    mailbox.empty()

    run_days(stack, 13)
    # Reminders are sent within eight working hours, so one of three checks is within them at any current time.
    run_days(stack, 5, checks_a_day=3)
    (reminder,) = mailbox.wait_for(1, seconds=20)
    assert "silent@clinic.example" in json.dumps(reminder["to"])
    assert reminder["subject"].startswith("A reminder about the Lumen Spine Lamp")

    run_days(stack, 50)
    assert len(mailbox.wait_for(2, seconds=2)) == 1
    with urlopen(f"{stack.url}/api/referrals/{answering}", timeout=CEILING) as answer:
        assert json.load(answer)["state"] == "finished"
