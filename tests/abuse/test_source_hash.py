"""A person with copies of all tables and lasting keys tries to find out who submitted a referral."""

import hashlib
import hmac
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import pytest

from referral_intake.aws.breaker_table import breaker_key
from referral_intake.aws.item_format import plain
from referral_intake.aws.source_keys import source_hash
from referral_intake.core.referral import receipt_for
from referral_intake.intake import wiring as intake_wiring
from referral_intake.web.client_networks import household
from tests.integration import aws
from tests.integration.handler_harness import HEADERS, HandlerHarness
from tests.support import dashboard, events, proofs, samples
from tests.support.processes import new_process

PATIENT = "203.0.113.7"
BY_POST = {"name": "Ben Cole", "phone": "217 555 0188"}
FORM = {
    "campaign": "lumen",
    "locale": "en",
    "submitted_by": "patient",
    "doctor.name": "Ana Bell",
    "doctor.email": "ana@clinic.example",
}


def submit(harness: HandlerHarness, **doctor: str) -> str:
    """A patient submits the form from PATIENT. Returns the receipt."""
    issued_at = samples.NOW - proofs.MINUTE
    sent = proofs.with_proof(samples.payload(doctor=samples.doctor(**doctor)), harness._keys, issued_at, PATIENT)
    event = events.post_json(sent, **{**HEADERS, "cloudfront_viewer_address": f"{PATIENT}:443"})
    response = harness.invoke("intake", event)
    assert response["statusCode"] == 201
    receipt: str = json.loads(response["body"])["receipt"]
    return receipt


def source(harness: HandlerHarness, receipt: str) -> str | None:
    found: str | None = plain(harness.item(receipt)).get("source")
    return found


def known_keys(harness: HandlerHarness) -> list[bytes]:
    """All keys that exist: the lasting ones, and those in the table of the key of the day."""
    secrets = boto3.client("secretsmanager")
    lasting = [
        key.encode()
        for name in (os.environ["HASHING_KEYS_SECRET"], os.environ["SIGNING_KEYS_SECRET"])
        for key in json.loads(secrets.get_secret_value(SecretId=name)["SecretString"]).values()
    ]
    items: list[Any] = harness.client.scan(TableName=aws.source_keys_name(harness.table))["Items"]
    return lasting + [bytes(plain(item)["key"]) for item in items]


def hashes_of(address: str, keys: list[bytes]) -> set[str]:
    """What a guess of the address gives, with this version's formula and the one before."""
    network, day = household(address), f"{samples.NOW:%Y-%m-%d}"
    said = [f"source:{day}:{address}", f"source:{address}", f"source:{network}"]
    older = {hmac.digest(key, one.encode(), hashlib.sha256)[:16].hex() for key in keys for one in said}
    return older | {source_hash(key, network) for key in keys}


def test_on_its_day_the_key_tells_a_source_and_on_the_next_it_is_gone(harness: HandlerHarness) -> None:
    stored = source(harness, submit(harness))
    assert stored in hashes_of(PATIENT, known_keys(harness)), "today, a person with the key can guess the address"
    harness.clock.shift(timedelta(days=1))
    submit(harness, email="another@clinic.example")
    assert stored not in hashes_of(PATIENT, known_keys(harness))


def test_a_receipt_without_javascript_is_no_lasting_hash_of_the_address(harness: HandlerHarness) -> None:
    event = events.post_form(FORM, **{**HEADERS, "cloudfront_viewer_address": f"{PATIENT}:443"})
    event["headers"]["content-type"] = "application/x-www-form-urlencoded"
    event["headers"]["accept"] = "text/html"
    locations = {harness.invoke("intake", event)["headers"]["location"] for _ in range(2)}
    assert len(locations) == 1, "the same form is the same referral"
    receipt = locations.pop().rpartition("/")[2]
    content = plain(harness.item(receipt))["content"]

    def guesses(keys: list[bytes]) -> set[str]:
        day = f"{samples.NOW:%Y-%m-%d}"
        said = [f"submission:{day}:{PATIENT}:{content}", f"submission:{PATIENT}:{content}"]
        ids = [hmac.digest(key, one.encode(), hashlib.sha256)[:16] for key in keys for one in said]
        return {receipt_for(uuid.UUID(bytes=one, version=4)) for one in ids}

    assert receipt in guesses(known_keys(harness))
    harness.clock.shift(timedelta(days=1))
    submit(harness, email="another@clinic.example")
    assert receipt not in guesses(known_keys(harness))


# ---- The hash itself ----


def answered(harness: HandlerHarness, receipt: str) -> None:
    harness.deliver_records(receipt)
    harness.follow_link("/api/answer", answer="no")


def withdrawn(harness: HandlerHarness, receipt: str) -> None:
    harness.invoke("intake", events.post_withdrawal(receipt))


def complained(harness: HandlerHarness, receipt: str) -> None:
    harness.deliver_records(receipt)
    harness.deliver_ses_event("Complaint", receipt, 1)


def waits_for_a_reminder(harness: HandlerHarness, receipt: str) -> None:
    harness.deliver_records(receipt)
    assert source(harness, receipt)
    harness.clock.shift(timedelta(days=15))
    harness.wake()


def opened_after_two_days(harness: HandlerHarness, receipt: str) -> None:
    harness.deliver_records(receipt)
    harness.deliver_ses_event("Delivery", receipt, 1)
    assert source(harness, receipt)
    harness.clock.shift(timedelta(days=2))
    harness.deliver_ses_event("Open", receipt, timedelta(days=2).total_seconds(), userAgent="Mozilla/5.0")


def held_and_rejected(harness: HandlerHarness, receipt: str) -> None:
    harness.set_attributes(receipt, stage="held", reason="disposable_domain")
    action = {"action": "reject", "revision": 1, "reason": "other"}
    asked = dashboard.request("POST", f"/referrals/{receipt}/actions", action)
    assert harness.invoke("dashboard", asked)["statusCode"] == 200


@pytest.mark.parametrize(
    "end",
    [answered, withdrawn, complained, waits_for_a_reminder, opened_after_two_days, held_and_rejected],
    ids=lambda one: one.__name__,
)
def test_the_hash_is_removed_when_outreach_is_done_or_after_two_days(
    harness: HandlerHarness, end: Callable[[HandlerHarness, str], None]
) -> None:
    receipt = submit(harness)
    assert source(harness, receipt)
    end(harness, receipt)
    assert source(harness, receipt) is None


def test_a_referral_that_waits_for_a_letter_has_no_hash(harness: HandlerHarness) -> None:
    receipt = submit(harness, email=None, **BY_POST)  # type: ignore[arg-type]
    harness.deliver_records(receipt)
    assert plain(harness.item(receipt))["stage"] == "by_post"
    assert source(harness, receipt) is None


def test_the_breaker_forgets_the_sources_of_days_before_its_window(harness: HandlerHarness) -> None:
    for number in range(2):
        receipt = submit(harness, email=f"dead{number}@clinic.example")
        harness.deliver_records(receipt)
        harness.deliver_ses_event("Bounce", receipt, 1, bounceType="Permanent", bounceSubType="General")
        harness.clock.shift(timedelta(days=8))
    item = harness.client.get_item(TableName=harness.table, Key=breaker_key("lumen"))["Item"]
    assert {name.partition("/")[0] for name in item if "/" in name} == {f"{samples.NOW + timedelta(days=8):%Y-%m-%d}"}


def test_late_complaints_count_as_one_source_for_each_day_of_submission(harness: HandlerHarness) -> None:
    """Otherwise one person could wait until the hashes are gone, complain three times, and stop the campaign."""
    receipts = [submit(harness, email=f"accomplice{number}@mail.example") for number in range(3)]
    harness.deliver_records(*receipts)
    harness.clock.shift(timedelta(days=3))
    for receipt in receipts:
        harness.deliver_ses_event("Delivery", receipt, timedelta(days=2).total_seconds())
        harness.deliver_ses_event("Complaint", receipt, timedelta(days=3).total_seconds() - 1)
    item = harness.client.get_item(TableName=harness.table, Key=breaker_key("lumen"))["Item"]
    [sources] = [value["SS"] for name, value in item.items() if name.endswith("/complained_sources")]
    assert sources == [f"{samples.NOW:%Y-%m-%d}"]


# ---- Requests, and failures ----


@contextmanager
def counted(harness: HandlerHarness) -> Iterator[dict[str, int]]:
    counter = aws.RequestCounter(intake_wiring.parts().referrals._table._client)  # type: ignore[attr-defined]
    found: dict[str, int] = {}
    yield found
    found |= dict(counter.by_operation)


def test_a_process_requests_the_key_with_its_first_submission_of_the_day(harness: HandlerHarness) -> None:
    new_process()
    with counted(harness) as first:
        submit(harness, email="one@clinic.example")
    with counted(harness) as second:
        submit(harness, email="two@clinic.example")
    assert (first, second) == ({"PutItem": 2}, {"PutItem": 1})


def test_without_its_table_referrals_are_stored_without_a_source(
    harness: HandlerHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    new_process()
    harness.client.delete_table(TableName=aws.source_keys_name(harness.table))
    with counted(harness) as requests:
        receipts = [submit(harness, email=f"{number}@clinic{number}.example") for number in range(3)]
    assert requests == {"PutItem": 4}, "the table is requested once a minute"
    assert [source(harness, receipt) for receipt in receipts] == [None] * 3
    assert capsys.readouterr().out.count('"SourceKeyUnavailable":[1') == 3
    harness.deliver_records(*receipts)
    assert len(harness.mail.sent) == 3
