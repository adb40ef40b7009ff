"""A manager, or a person with a manager's password, tries to answer or opt out as a doctor."""

import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli import stacks
from cli.app import main
from referral_intake.aws import ses
from referral_intake.aws.item_format import from_item
from referral_intake.aws.letter_codes import LetterCodes
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.sent_messages import message_key
from referral_intake.aws.signed_links import Links
from referral_intake.dashboard.api import PREFIX
from tests.integration import aws
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard

BY_EMAIL = {"name": "Ana Bell", "email": "ana@clinic.example", "npi": "1234567893"}
BY_POST = {
    "name": "Ben Cole",
    "address": {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"},
}
PURPOSES = ("opt-out", "answer", "undo")
TOKEN = re.compile(r"[\w.-]{30,}")
CODE = re.compile(r"(?=([A-Z2-7]{4}(?:-[A-Z2-7]{4}){2}))")
# The commands that read nothing about referrals, and those that only change something.
OTHER_COMMANDS = {"approve", "deploy", "destroy", "opt-out", "preflight", "redrive", "restore", "resume"} | {
    "restore-table",
    "site",
}
COMMANDS = (["audit", "--day", "2026-11-23"], ["held"], ["recount"], ["letters", "lumen"])


@dataclass
class Manager:
    """Collects everything that the dashboard and the command line show."""

    harness: HandlerHarness
    seen: dict[str, str] = field(default_factory=dict)
    source: str = ""
    routes: set[tuple[str, str]] = field(default_factory=set)

    def ask(self, method: str, route: str, data: object = None, query: str = "", **path: str) -> Any:
        request = dashboard.request(method, route.format(**path), data, query=query, groups=dashboard.MANAGER)
        response = self.harness.invoke("dashboard", request)
        assert response["statusCode"] in {200, 202}, response
        self.routes.add((method.lower(), f"{PREFIX}{route}"))
        self.seen[f"{method} {route} {data}"] = json.dumps(response)
        return json.loads(response["body"])

    def request_reports(self) -> None:
        for kind, format_ in (("referrals", "csv"), ("referrals", "xlsx"), ("letters", "pdf")):
            body = {"kind": kind, "format": format_, "campaign": "lumen", "filter": {}}
            report = self.ask("POST", "/reports", body)["id"]
            self.harness.run_report_jobs()
            self.ask("GET", "/reports/{report_id}", report_id=report)
            self.ask("POST", "/reports/{report_id}/download", {"file": 0}, report_id=report)

    def read_files(self) -> None:
        bucket = boto3.client("s3")
        for one in bucket.list_objects_v2(Bucket=os.environ["REPORT_FILES"])["Contents"]:
            content = bucket.get_object(Bucket=os.environ["REPORT_FILES"], Key=one["Key"])["Body"].read()
            for number, text in enumerate(texts(one["Key"], content)):
                self.seen[f"{one['Key']} {number}"] = text


def texts(name: str, content: bytes) -> Iterator[str]:
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            yield from (parts.read(part).decode() for part in parts.namelist())
    elif not name.endswith(".pdf"):  # A printed letter has its code and links by design.
        yield content.decode()


@pytest.fixture
def manager(harness: HandlerHarness) -> Manager:
    return Manager(harness)


@pytest.fixture
def receipts(harness: HandlerHarness, manager: Manager) -> tuple[str, str]:
    """A referral that was mailed, opened and answered, and one that waits for a letter."""
    mailed, waiting = harness.submit(doctor=BY_EMAIL), harness.submit(doctor=BY_POST)
    manager.source = harness.item(mailed)["source"]["S"]
    harness.deliver_records(mailed, waiting)
    link = re.search(r"http\S+/api/answer\?\S+", message(harness))
    assert link
    harness.deliver_ses_event("Delivery", mailed, 2)
    harness.deliver_ses_event("Click", mailed, 90, link=link[0], userAgent="Mozilla/5.0 (X11)", ipAddress="192.0.2.7")
    harness.follow_link("/api/answer", answer="call")
    return mailed, waiting


def message(harness: HandlerHarness) -> str:
    return json.dumps(harness.mail.sent[0]["Content"])


def usable(text: str, harness: HandlerHarness) -> set[str]:
    """The tokens and codes in the text that the functions accept."""
    links = Links(lambda: Secrets().keyring(os.environ["SIGNING_KEYS_SECRET"]), "")
    codes = LetterCodes(lambda: Secrets().keyring(os.environ["SIGNING_KEYS_SECRET"]), harness.client, harness.table)
    now = datetime.now(UTC)
    tokens = {token for token in TOKEN.findall(text) if any(links.read(one, token, now) for one in PURPOSES)}
    return tokens | {code for code in CODE.findall(text) if codes.find(code)}


def test_no_route_and_no_export_shows_a_doctors_token_or_code(
    manager: Manager, harness: HandlerHarness, receipts: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ses, "quick_client", lambda: harness.mail)
    mailed, waiting = receipts
    campaign, days = "campaign=lumen", "campaign=lumen&from=2026-11-01&to=2026-11-30"
    described = manager.ask("GET", "/openapi.json")
    manager.ask("GET", "/me")
    manager.ask("GET", "/overview", query=days)
    manager.ask("GET", "/breakdowns/{dimension}", query=days, dimension="state")
    manager.ask("GET", "/deliverability", query=campaign)
    for by in ({}, {"email": BY_EMAIL["email"]}, {"npi": BY_EMAIL["npi"]}, {"receipt": mailed}, {"name": "ben"}):
        manager.ask("POST", "/referrals/search", {"campaign": "lumen", **by})
    for receipt in receipts:
        manager.ask("GET", "/referrals/{receipt}", receipt=receipt)
        manager.ask("GET", "/referrals/{receipt}/matches", receipt=receipt)
    copy = manager.ask("GET", "/referrals/{receipt}/messages/{step}", receipt=mailed, step="introduction")
    manager.ask("GET", "/work", query=campaign)
    for kind in ("held", "failed", "by_post", "call", "information"):
        manager.ask("GET", "/work/{kind}", query=campaign, kind=kind)
    manager.ask("GET", "/groups/{name}", query=campaign, name="suspicious-2026-11-23")
    manager.request_reports()
    manager.ask("GET", "/reports", query=campaign)
    manager.read_files()
    revision = from_item(harness.item(mailed)).revision
    manager.ask("POST", "/referrals/{receipt}/actions", {"action": "called_back", "revision": revision}, receipt=mailed)
    revision = from_item(harness.item(waiting)).revision
    letter_sent = {"action": "letter_sent", "referrals": [{"receipt": waiting, "revision": revision}]}
    manager.ask("POST", "/referrals/actions", letter_sent)
    left = {
        (method, path)
        for path, methods in described["paths"].items()
        for method in methods
        if (method, path) not in manager.routes
    }
    assert left == {
        ("put", f"{PREFIX}/weekly-summary"),  # These two return what was sent.
        ("put", f"{PREFIX}/mail-domains"),
        ("post", f"{PREFIX}/campaigns/{{campaign}}/resume"),  # A campaign is not paused here.
    }
    assert len(usable(message(harness), harness)) == 2, "the message has both links"
    assert {name: found for name, text in manager.seen.items() if (found := usable(text, harness))} == {}
    assert {kind for kind in ("csv", "xml") if any(kind in name for name in manager.seen)}
    for part in ("html", "text"):
        assert copy[part].count("token=removed") >= 2
    assert not [name for name, text in manager.seen.items() if manager.source in text]


def test_no_command_shows_a_doctors_token_or_code(
    harness: HandlerHarness,
    receipts: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    outputs = {"TableName": harness.table, "StatsTableName": aws.stats_name(harness.table), "SiteUrl": aws.SITE_URL}
    outputs["StatsFailuresUrl"] = boto3.client("sqs").create_queue(QueueName="failures")["QueueUrl"]
    outputs |= {f"{name}KeysArn": os.environ[f"{name.upper()}_KEYS_SECRET"] for name in ("Hashing", "Signing")}
    monkeypatch.setattr(stacks, "find", lambda name: stacks.Stack(name, outputs))
    for words in COMMANDS:
        for options in ([], ["--json"]):
            out = ["--out", str(tmp_path / "letters.pdf")] if words[0] == "letters" else []
            code, shown = main([*words, "--stack", "dev", *options, *out]), capsys.readouterr()
            # 1 is the exit code of `recount` for a difference.
            assert code == 0 or (code, words[0]) == (1, "recount"), shown.err
            assert shown.out
            assert usable(shown.out + shown.err, harness) == set()
    main(["--help"])
    names = set(re.findall(r"^. (\w[\w-]+)  ", capsys.readouterr().out, re.MULTILINE))
    assert names == {words[0] for words in COMMANDS} | OTHER_COMMANDS


def test_the_stored_copy_keeps_the_links_as_evidence(harness: HandlerHarness, receipts: tuple[str, str]) -> None:
    item = harness.client.get_item(TableName=harness.table, Key=message_key(receipts[0], "introduction"))["Item"]
    assert len(usable(zlib.decompress(item["message"]["B"]).decode(), harness)) == 2
