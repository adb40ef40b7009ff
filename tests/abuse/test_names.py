"""An attacker tries to send their own words to any mailbox, as the name of a doctor."""

import json
import re
from typing import Any

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.core.referral import Referral
from referral_intake.lookup.npi_registry import NpiRegistry
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard, events, lookups
from tests.support.doctor_names import HELD_REAL_NAMES, HOSTILE_NAMES, REAL_NAMES

LINK = re.compile(r"https?://\S+?token=[\w.=-]+")
REAL = [name for names in REAL_NAMES.values() for name in names]
FOUND: dict[str, Any] = {"name": "Maria E. Lopez", "npi": "2000001000"}


class Attacker:
    def __init__(self, harness: HandlerHarness) -> None:
        self.harness = harness
        self.sent = 0

    def name(self, name: str, **details: Any) -> Referral:
        """Submit a referral, and let outreach handle it. Return the referral."""
        self.sent += 1
        doctor = {"name": name, "email": f"victim{self.sent}@hospital{self.sent}.example"} | details
        receipt = self.harness.submit(doctor=doctor)
        self.harness.deliver_records(receipt)
        return self.referral(receipt)

    def referral(self, receipt: str) -> Referral:
        return from_item(self.harness.item(receipt))

    def approve(self, referral: Referral) -> None:
        body = {"action": "approve", "revision": referral.revision}
        asked = dashboard.request("POST", f"/referrals/{referral.receipt}/actions", body, groups=dashboard.MANAGER)
        assert self.harness.invoke("dashboard", asked)["statusCode"] == 200
        self.harness.deliver_records(referral.receipt)

    def last_message(self) -> str:
        """Everything that the last recipient can read, without the links, which have random tokens."""
        sent = self.harness.mail.sent[-1]
        simple = sent["Content"]["Simple"]
        parts = [simple["Subject"], simple["Body"]["Text"], simple["Body"]["Html"]]
        headers = [one["Value"] for one in simple.get("Headers", ())]
        texts = [sent["FromEmailAddress"], *sent.get("ReplyToAddresses", ()), *(one["Data"] for one in parts), *headers]
        return LINK.sub("LINK", "\n".join(texts))

    def look_up(self) -> dict[str, Any]:
        """The first match of the look-up, as the page gets it."""
        query = "name=Maria Lopez&state=IL"
        response = self.harness.invoke("lookup", events.request("GET /api/doctors", query=query))
        found: dict[str, Any] = json.loads(response["body"])["doctors"][0]
        return found


@pytest.fixture
def attacker(many_sources: HandlerHarness) -> Attacker:
    return Attacker(many_sources)


def test_no_word_of_a_hostile_name_reaches_a_message(attacker: Attacker) -> None:
    attacker.name("李小龍")
    neutral = attacker.last_message()
    assert "Dear Doctor," in neutral
    outcomes = {}
    for name in HOSTILE_NAMES:
        before = len(attacker.harness.mail.sent)
        referral = attacker.name(name)
        outcomes[name] = referral.reason or referral.stage.value
        if len(attacker.harness.mail.sent) > before:
            assert attacker.last_message() == neutral, name
    assert set(outcomes.values()) == {"sent", "unusual_name"}
    held = [name for name, outcome in outcomes.items() if outcome == "unusual_name"]
    assert len(held) >= 30
    assert {"evil.zip/login", "192.168.1.1/x", "A" * 120} <= set(held)


def test_a_name_held_for_its_shape_stays_out_of_the_message_after_its_approval(attacker: Attacker) -> None:
    referral = attacker.name("Pay at evil.zip/login")
    assert not attacker.harness.mail.sent
    assert referral.doctor.name == "Pay at evil.zip/login", "stored as typed, not refused"
    attacker.approve(referral)
    assert attacker.referral(referral.receipt).stage == "sent"
    assert "Dear Doctor," in attacker.last_message()
    assert "evil" not in attacker.last_message()


def test_a_held_name_waits_for_a_person_without_an_email_address_too(attacker: Attacker) -> None:
    address = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
    assert attacker.name("Pay at evil.zip", email=None, address=address).reason == "unusual_name"
    assert attacker.name("Ana Paper", email=None, address=address).stage == "by_post"


def test_a_name_that_reads_like_a_sentence_is_flagged_for_the_person_who_prints_it(attacker: Attacker) -> None:
    address = {"line1": "1 Main St", "city": "Springfield", "state": "IL", "postal_code": "62701"}
    for name, is_flagged in {"Final notice your account closes": True, "Ana Young": False}.items():
        referral = attacker.name(name, email=None, address=address)
        assert referral.stage == "by_post"
        asked = dashboard.request("GET", f"/referrals/{referral.receipt}", groups=dashboard.MANAGER)
        shown = json.loads(attacker.harness.invoke("dashboard", asked)["body"])
        assert shown["name_is_sentence"] is is_flagged


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, 4))])
def test_real_names_are_mailed_unless_there_is_a_reason(attacker: Attacker, part: int) -> None:
    held = {name for name in REAL[part::4] if attacker.name(name).reason == "unusual_name"}
    assert held == set()


def test_few_real_names_wait_for_a_person(attacker: Attacker) -> None:
    reasons = {name: attacker.name(name).reason for name in HELD_REAL_NAMES}
    assert reasons == dict.fromkeys(HELD_REAL_NAMES, "unusual_name")


# ---- The look-up's signature ----


@pytest.fixture
def registry(attacker: Attacker, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"results": lookups.RECORDS}).encode()
    monkeypatch.setattr(NpiRegistry, "_get", lambda self, url: answer)


@pytest.mark.usefixtures("registry")
def test_a_doctor_from_the_registry_is_greeted_as_the_registry_writes_the_name(attacker: Attacker) -> None:
    found = attacker.look_up()
    attacker.name(**found)
    assert f"Dear Dr. {found['name']}," in attacker.last_message()


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "forged",
    [
        {"name": "Pay Now Or Else"},
        {"npi": "1234567893"},
        {"npi": None},
        {"registry_signature": "AAAA"},
        {"registry_signature": ""},
        {"registry_signature": "ä"},
        {"registry_signature": "x" * 9999},
        {"registry_signature": ["x"]},
        {"registry_signature": None},
    ],
    ids=str,
)
def test_with_another_name_npi_or_signature_it_counts_as_typed(attacker: Attacker, forged: dict[str, Any]) -> None:
    found = attacker.look_up() | forged
    referral = attacker.name(**found)
    assert not referral.doctor.is_from_registry
    assert referral.stage == "sent"
    assert f"Dear Dr. {found['name']}," not in attacker.last_message()
