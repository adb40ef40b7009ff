"""The operator's commands against a local stack that runs: as its pages name them, from another terminal."""

import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.stack import ROOT, LocalStack
from referral_intake.aws.breaker_table import breaker_key
from referral_intake.aws.item_format import plain, referral_key, typed
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.decisions import REVIEW_EVERY
from referral_intake.core.referral import Move, Stage
from tests.integration.local_scratch import fetch
from tests.support import proofs, samples
from tests.support.stack import local_stack, without_site
from tests.support.waiting import eventually

TABLE = "referral-intake-Table"
WORDS = "campaigns/lumen/messages/en/introduction.txt"


@dataclass
class House:
    """The project's own template and code, with words of its own, so that they can be broken."""

    folder: Path
    stack: LocalStack

    @property
    def words(self) -> Path:
        return self.folder / "templates" / WORDS

    def refer(self, email: str) -> str:
        sent = proofs.proven_to(self.stack, samples.payload(doctor=samples.doctor(email=email)))
        return str(fetch(f"{self.stack.url}/api/referrals", "POST", sent).json()["receipt"])

    def stored(self, receipt: str) -> dict[str, Any]:
        found = self.stack.cloud.dynamodb.get_item(TableName=TABLE, Key=referral_key(receipt), ConsistentRead=True)
        return plain(found["Item"])

    def give_up(self, receipt: str) -> None:
        """As the clock does with what the stream loses again and again."""
        referrals = ReferralTable(self.stack.cloud.dynamodb, TABLE)
        referral = referrals.get(receipt, consistent=True)
        assert referral
        referrals.move(referral, Move(Stage.HELD, due_at=self.now() + REVIEW_EVERY, reason="given_up"))

    def now(self) -> datetime:
        return datetime.fromisoformat(fetch(f"{self.stack.url}/_local/clock").json()["now"]).astimezone(UTC)

    def failures(self) -> str:
        return fetch(f"{self.stack.url}/_local/failures").body.decode()

    def mails(self) -> list[str]:
        return [mail.to[0] for mail in self.stack.mailbox.all()]

    def redrive(self, *words: str) -> str:
        """What the command says that the page of failures names."""
        shown = re.search(r"<pre>\.venv/bin/referrals (redrive .+?)</pre>", self.failures())
        assert shown
        return run("-m", "cli", *shlex.split(html.unescape(shown[1])), *words)


def run(*words: str) -> str:
    """As a person types it who has an account of their own, which must not be met."""
    theirs = {"AWS_PROFILE": "mine", "AWS_REGION": "eu-central-1", "AWS_SESSION_TOKEN": "mine"}
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | theirs
    environment["PYTHONPATH"] = "functions:."
    typed = [sys.executable, *words]
    return subprocess.run(
        typed, cwd=samples.TEMPLATES.parent, env=environment, capture_output=True, text=True, check=True
    ).stdout


@contextmanager
def running(folder: Path) -> Iterator[House]:
    for name in ("infra", "templates"):
        shutil.copytree(samples.TEMPLATES.parent / name, folder / name)
    (folder / "functions").symlink_to(ROOT / "functions")
    with local_stack(folder, template_file=folder / "infra" / "template.yaml", build_site=without_site) as stack:
        yield House(folder, stack)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with running(tmp_path) as made:
        yield made


def test_what_broke_is_given_up_listed_mended_put_back_and_mailed_once(house: House) -> None:
    good = house.words.read_text("utf-8")
    house.words.write_text("{{ nobody_knows_this }}", "utf-8")
    receipt = house.refer("maria@clinic.example")
    eventually(lambda: "RetryAttemptsExhausted" in house.failures())
    house.give_up(receipt)

    listed = house.redrive()
    assert f"--go puts them back: 1\n  {receipt}  lumen" in listed
    assert "--go deletes them: 1\n" in listed
    assert "clinic.example" not in listed
    assert "RetryAttemptsExhausted" in house.failures()

    house.words.write_text(good, "utf-8")
    assert "Referrals put back: 1." in house.redrive("--go")
    eventually(lambda: house.stored(receipt)["stage"] == "sent")
    assert "Referrals put back: 0." in house.redrive("--go")
    # A second mail would not be far behind this one.
    other = house.refer("other@clinic.example")
    eventually(lambda: house.stored(other)["stage"] == "sent")
    assert house.mails() == ["maria@clinic.example", "other@clinic.example"]
    assert "RetryAttemptsExhausted" not in house.failures()


def test_the_counters_are_counted_once_more_and_nothing_differs(house: House) -> None:
    receipts = [house.refer(f"{name}@clinic.example") for name in ("maria", "john", "rosa")]
    eventually(lambda: all("delivered" in house.stored(receipt)["milestones"] for receipt in receipts))

    def recounted() -> bool:
        command = ["-m", "cli", "recount", "--stack", house.stack.url]
        try:
            return run(*command) == "3 referrals counted: no differences.\n"
        except subprocess.CalledProcessError:
            return False  # The stream has yet to bring something.

    eventually(recounted)


@pytest.mark.long
def test_it_works_days_later_too_by_the_clock_of_the_local_stack(house: House) -> None:
    good = house.words.read_text("utf-8")
    house.words.write_text("{{ nobody_knows_this }}", "utf-8")
    receipt = house.refer("maria@clinic.example")
    eventually(lambda: "RetryAttemptsExhausted" in house.failures())
    house.give_up(receipt)
    house.words.write_text(good, "utf-8")
    house.stack.clock.advance(timedelta(days=30).total_seconds())

    assert "Referrals put back: 1." in house.redrive("--go")

    eventually(lambda: house.stored(receipt)["stage"] == "sent")
    assert house.mails() == ["maria@clinic.example"]


def test_an_event_that_feedback_gave_up_on_is_taken_after_all(house: House) -> None:
    receipt = house.refer("maria@clinic.example")
    eventually(lambda: "delivered" in house.stored(receipt)["milestones"])
    [mail] = house.stack.mailbox.all()
    event = {
        "detail": {
            "eventType": "Complaint",
            "mail": {
                "timestamp": mail.time,
                "messageId": mail.id,
                "tags": {"referral": [receipt], "step": ["introduction"]},
            },
            "complaint": {"timestamp": mail.time},
        }
    }
    queue = house.stack.cloud.queue_urls["FeedbackFailures"]
    house.stack.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))

    assert "SES events put back: 1." in house.redrive("--go")

    eventually(lambda: house.stored(receipt).get("reason") == "complained")


def test_a_campaign_that_its_breaker_stopped_shows_on_the_event_bus_and_can_be_resumed(house: House) -> None:
    day = house.now().date().isoformat()
    counts = {f"{day}/delivered": typed(95), f"{day}/bounced": typed(5)}
    house.stack.cloud.dynamodb.put_item(TableName=TABLE, Item=breaker_key("lumen") | counts)
    house.refer("bounce@simulator.amazonses.com")

    def tripped() -> list[str]:
        said = fetch(f"{house.stack.url}/_local/logs").body.decode()
        return re.findall(r"Event BreakerTripped from referral-intake: (.+)", said)

    [detail] = eventually(tripped)
    assert "stack=referral-intake  campaign=lumen  reason=bounces" in detail
    assert "delivered=95  bounced=6" in detail

    assert "lumen sends again" in run("-m", "cli", "resume", "lumen", "--stack", house.stack.url)
    receipt = house.refer("maria@clinic.example")
    eventually(lambda: house.stored(receipt)["stage"] == "sent")
