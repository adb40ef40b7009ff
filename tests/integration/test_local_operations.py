"""Operator commands against a running local stack, run in a second terminal as its pages show them."""

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
from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.referral import Stage, Transition
from tests.support import proofs, samples
from tests.support.http_client import fetch
from tests.support.stack import local_stack, without_site
from tests.support.waiting import eventually

TABLE = "referral-intake-Table"
WORDS = "campaigns/lumen/messages/en/introduction.txt"


@dataclass
class Deployment:
    """The template and code of this project with a copy of the texts, which tests can break."""

    folder: Path
    stack: LocalStack

    @property
    def words(self) -> Path:
        return self.folder / "templates" / WORDS

    def submit_referral(self, email: str) -> str:
        sent = proofs.with_proof_for_stack(self.stack, samples.payload(doctor=samples.doctor(email=email)))
        return str(fetch(f"{self.stack.url}/api/referrals", "POST", sent).json()["receipt"])

    def stored(self, receipt: str) -> dict[str, Any]:
        found = self.stack.cloud.dynamodb.get_item(TableName=TABLE, Key=referral_key(receipt), ConsistentRead=True)
        return plain(found["Item"])

    def give_up(self, receipt: str) -> None:
        """Gives up a referral, as `wake` does after the stream has lost it repeatedly."""
        referrals = ReferralTable(self.stack.cloud.dynamodb, TABLE)
        referral = referrals.get(receipt, consistent=True)
        assert referral
        referrals.move(referral, Transition(Stage.HELD, due_at=self.now() + REVIEW_INTERVAL, reason="given_up"))

    def now(self) -> datetime:
        return datetime.fromisoformat(fetch(f"{self.stack.url}/_local/clock").json()["now"]).astimezone(UTC)

    def failures(self) -> str:
        return fetch(f"{self.stack.url}/_local/failures").body.decode()

    def mails(self) -> list[str]:
        return [mail.to[0] for mail in self.stack.mailbox.all()]

    def redrive(self, *words: str) -> str:
        """Output of the command that the page of failures shows."""
        shown = re.search(r"<pre>\.venv/bin/referrals (redrive .+?)</pre>", self.failures())
        assert shown
        return run("-m", "cli", *shlex.split(html.unescape(shown[1])), *words)


def run(*words: str) -> str:
    """Runs a command as a person with AWS credentials does. The credentials must not be used."""
    theirs = {"AWS_PROFILE": "mine", "AWS_REGION": "eu-central-1", "AWS_SESSION_TOKEN": "mine"}
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | theirs
    environment["PYTHONPATH"] = "functions:."
    typed = [sys.executable, *words]
    return subprocess.run(
        typed, cwd=samples.TEMPLATES.parent, env=environment, capture_output=True, text=True, check=True
    ).stdout


@contextmanager
def running(folder: Path) -> Iterator[Deployment]:
    for name in ("infra", "templates"):
        shutil.copytree(samples.TEMPLATES.parent / name, folder / name)
    (folder / "functions").symlink_to(ROOT / "functions")
    with local_stack(folder, template_file=folder / "infra" / "template.yaml", build_site=without_site) as stack:
        yield Deployment(folder, stack)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with running(tmp_path) as running_deployment:
        yield running_deployment


def test_a_failed_referral_is_listed_repaired_redriven_and_mailed_once(deployment: Deployment) -> None:
    good = deployment.words.read_text("utf-8")
    deployment.words.write_text("{{ nobody_knows_this }}", "utf-8")
    receipt = deployment.submit_referral("maria@clinic.example")
    eventually(lambda: "RetryAttemptsExhausted" in deployment.failures())
    deployment.give_up(receipt)

    listed = deployment.redrive()
    assert f"--go retries them: 1\n  {receipt}  lumen" in listed
    assert "--go deletes them: 1\n" in listed
    assert "clinic.example" not in listed
    assert "RetryAttemptsExhausted" in deployment.failures()

    deployment.words.write_text(good, "utf-8")
    assert "Referrals queued again: 1." in deployment.redrive("--go")
    eventually(lambda: deployment.stored(receipt)["stage"] == "sent")
    assert "Referrals queued again: 0." in deployment.redrive("--go")
    # A second message would arrive soon after the first.
    other = deployment.submit_referral("other@clinic.example")
    eventually(lambda: deployment.stored(other)["stage"] == "sent")
    assert deployment.mails() == ["maria@clinic.example", "other@clinic.example"]
    assert "RetryAttemptsExhausted" not in deployment.failures()


@pytest.mark.long
def test_a_recount_finds_no_difference(deployment: Deployment) -> None:
    receipts = [deployment.submit_referral(f"{name}@clinic.example") for name in ("maria", "john", "rosa")]
    eventually(lambda: all("delivered" in deployment.stored(receipt)["milestones"] for receipt in receipts))

    def recounted() -> bool:
        command = ["-m", "cli", "recount", "--stack", deployment.stack.url]
        try:
            return run(*command) == "3 referrals counted: no differences.\n"
        except subprocess.CalledProcessError:
            return False  # The stream has not delivered all records yet.

    eventually(recounted)


@pytest.mark.long
def test_a_redrive_works_days_later_by_the_clock_of_the_local_stack(deployment: Deployment) -> None:
    good = deployment.words.read_text("utf-8")
    deployment.words.write_text("{{ nobody_knows_this }}", "utf-8")
    receipt = deployment.submit_referral("maria@clinic.example")
    eventually(lambda: "RetryAttemptsExhausted" in deployment.failures())
    deployment.give_up(receipt)
    deployment.words.write_text(good, "utf-8")
    deployment.stack.clock.advance(timedelta(days=30).total_seconds())

    assert "Referrals queued again: 1." in deployment.redrive("--go")

    eventually(lambda: deployment.stored(receipt)["stage"] == "sent")
    assert deployment.mails() == ["maria@clinic.example"]


def test_a_failed_feedback_event_is_processed_after_a_redrive(deployment: Deployment) -> None:
    receipt = deployment.submit_referral("maria@clinic.example")
    eventually(lambda: "delivered" in deployment.stored(receipt)["milestones"])
    [mail] = deployment.stack.mailbox.all()
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
    queue = deployment.stack.cloud.queue_urls["FeedbackFailures"]
    deployment.stack.cloud.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))

    assert "SES events queued again: 1." in deployment.redrive("--go")

    eventually(lambda: deployment.stored(receipt).get("reason") == "complained")


def test_a_campaign_with_an_open_breaker_is_announced_and_can_be_resumed(deployment: Deployment) -> None:
    day = deployment.now().date().isoformat()
    sources = {f"source {number}" for number in range(6)}
    counts = {f"{day}/delivered": typed(95), f"{day}/bounced": typed(6), f"{day}/bounced_sources": typed(sources)}
    deployment.stack.cloud.dynamodb.put_item(TableName=TABLE, Item=breaker_key("lumen") | counts)
    deployment.submit_referral("first@clinic.example")

    def tripped() -> list[str]:
        text = fetch(f"{deployment.stack.url}/_local/logs").body.decode()
        return re.findall(r"Event BreakerTripped from referral-intake: (.+)", text)

    [detail] = eventually(tripped)
    assert "stack=referral-intake  campaign=lumen  reason=bounces" in detail
    assert "delivered=96  bounced=6" in detail

    assert "lumen sends again" in run("-m", "cli", "resume", "lumen", "--stack", deployment.stack.url)
    receipt = deployment.submit_referral("maria@clinic.example")
    eventually(lambda: deployment.stored(receipt)["stage"] == "sent")
