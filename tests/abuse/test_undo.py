"""A person who has a doctor's message, or a program that follows its links, tries to undo the doctor's opt-out."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from referral_intake.aws.item_format import from_item
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.signed_links import Link
from referral_intake.links import wiring
from tests.integration.handler_harness import HandlerHarness
from tests.support import dashboard, events
from tests.support.function_output import recorded_output

DOCTOR = {"name": "Rosa Patel", "email": "r.patel@hospital.example", "phone": "713 555 0101"}
ATTACKER = {"name": "Ann Other", "email": "attacker@mail.example"}
ADDRESS = {"line1": "1 Main St", "city": "Houston", "state": "TX", "postal_code": "77030"}
FORM = "application/x-www-form-urlencoded"


class Mailbox:
    """The latest message to a doctor, and what anyone can do who has it."""

    def __init__(self, harness: HandlerHarness, doctor: dict[str, Any]) -> None:
        self.harness = harness
        self.doctor = doctor
        self.receipt = self.name_again()
        text = harness.mail.sent[-1]["Content"]["Simple"]["Body"]["Text"]["Data"]
        [self.query] = re.findall(r"/api/opt-out\?(token=[\w.=-]+)", text)

    def name_again(self) -> str:
        """Another patient names the doctor. Returns the receipt."""
        receipt = self.harness.submit(doctor=self.doctor)
        self.harness.deliver_records(receipt)
        return receipt

    def is_stopped(self) -> bool:
        return bool(from_item(self.harness.item(self.name_again())).reason == "opted_out")

    def request(self, method: str, body: str = "", query: str = "") -> Any:
        event = events.request(f"{method} /api/opt-out", body, query=query or self.query, content_type=FORM)
        return self.harness.invoke("links", event)

    def opt_out(self, scope: str = "all") -> Any:
        return self.request("POST", f"scope={scope}")

    def undo(self, token: str) -> Any:
        return self.request("POST", urlencode({"undo": token}))

    def manager(self, action: str, **details: Any) -> Any:
        revision = from_item(self.harness.item(self.receipt)).revision
        body = {"action": action, "revision": revision, **details}
        asked = dashboard.request("POST", f"/referrals/{self.receipt}/actions", body, groups=dashboard.MANAGER)
        return self.harness.invoke("dashboard", asked)

    def wait(self, **length: float) -> None:
        self.harness.clock.shift(timedelta(**length))


def undo_token(response: Any) -> str | None:
    found = re.search(r'name="undo" value="([^"]+)"', response["body"])
    return found[1] if found else None


def token_of(response: Any) -> str:
    token = undo_token(response)
    assert token, "the page has no button to undo"
    return token


@pytest.fixture
def mailbox(many_sources: HandlerHarness) -> Mailbox:
    return Mailbox(many_sources, DOCTOR)


@pytest.mark.parametrize("scope", ["all", "campaign"])
def test_the_page_that_confirms_an_opt_out_can_undo_it(mailbox: Mailbox, scope: str) -> None:
    page = mailbox.opt_out(scope)
    assert mailbox.is_stopped()
    mailbox.wait(minutes=29)
    response = mailbox.undo(token_of(page))
    assert (response["statusCode"], "Messages can reach you again" in response["body"]) == (200, True)
    assert not mailbox.is_stopped()
    assert "opted_in" in from_item(mailbox.harness.item(mailbox.receipt)).milestones
    again = mailbox.undo(token_of(page))
    assert (again["statusCode"], "Messages can reach you again" in again["body"]) == (200, True), "a double click"


def test_after_30_minutes_a_person_has_to_help(mailbox: Mailbox) -> None:
    page = mailbox.opt_out()
    mailbox.wait(minutes=30, seconds=5)
    response = mailbox.undo(token_of(page))
    assert response["statusCode"] == 409
    assert all(way in response["body"] for way in ("mailto:questions@lumen.example", "tel:2175550110"))
    assert mailbox.is_stopped()


def test_a_forwarded_message_undoes_nothing(mailbox: Mailbox) -> None:
    mailbox.opt_out()
    mailbox.wait(minutes=1)
    for response in (mailbox.request("GET"), mailbox.request("HEAD"), mailbox.opt_out(), mailbox.opt_out("campaign")):
        assert response["statusCode"] == 200
        assert undo_token(response) is None
    for word in ("yes", "1", mailbox.query.removeprefix("token="), "ä", "W10.x"):
        assert mailbox.undo(word)["statusCode"] == 409
    assert "You get no more messages" in mailbox.request("GET")["body"]
    assert mailbox.is_stopped()


def test_a_link_that_is_opened_again_shows_what_is_stopped(mailbox: Mailbox) -> None:
    assert "Press the button" in mailbox.request("GET")["body"]
    mailbox.opt_out("campaign")
    page = mailbox.request("GET")["body"]
    assert "You get no more messages about the Lumen Spine Lamp" in page
    assert 'name="scope" value="all"' in page, "the rest can be stopped, too"
    mailbox.opt_out()
    page = mailbox.request("GET")["body"]
    assert "<h1>You get no more messages</h1>" in page
    assert "<form" not in page
    assert "mailto:questions@lumen.example" in page


@pytest.mark.parametrize("body", ["List-Unsubscribe=One-Click", "", "a=b"])
def test_a_scanner_that_posts_gets_no_token(mailbox: Mailbox, body: str) -> None:
    response = mailbox.request("POST", body)
    assert response["statusCode"] == 200
    assert undo_token(response) is None
    assert mailbox.is_stopped()


def test_a_replayed_token_does_not_undo_a_later_opt_out(mailbox: Mailbox) -> None:
    token = token_of(mailbox.opt_out())
    mailbox.undo(token)
    mailbox.wait(minutes=1)
    mailbox.opt_out()
    response = mailbox.undo(token)
    assert response["statusCode"] == 409
    assert "Our messages are still stopped" in response["body"]
    assert mailbox.is_stopped()


def test_a_token_does_not_undo_the_same_opt_out_said_again(mailbox: Mailbox) -> None:
    token = token_of(mailbox.opt_out())
    mailbox.wait(minutes=1)
    mailbox.request("POST", "List-Unsubscribe=One-Click")
    assert mailbox.undo(token)["statusCode"] == 409
    assert mailbox.is_stopped()


def test_a_token_does_not_undo_another_scope(mailbox: Mailbox) -> None:
    token = token_of(mailbox.opt_out("campaign"))
    mailbox.opt_out("all")
    assert mailbox.undo(token)["statusCode"] == 409
    assert mailbox.is_stopped()


def test_an_attackers_own_token_does_not_work_with_the_doctors_link(mailbox: Mailbox) -> None:
    mailbox.opt_out()
    token = token_of(Mailbox(mailbox.harness, ATTACKER).opt_out())
    assert mailbox.undo(token)["statusCode"] == 409
    assert mailbox.is_stopped()


def test_a_token_is_not_a_link_and_a_link_is_not_a_token(mailbox: Mailbox) -> None:
    token = token_of(mailbox.opt_out())
    assert mailbox.request("POST", query=f"token={token}")["statusCode"] == 400
    response = mailbox.request("GET", query=f"{mailbox.query}&undo={token}")
    assert "You get no more messages" in response["body"], "only a POST undoes it"
    assert mailbox.is_stopped()


def test_an_opt_out_on_top_of_another_one_is_no_way_to_undo_both(mailbox: Mailbox) -> None:
    """The doctor calls and wants no more. A person with the message opts out as well, and presses the button."""
    mailbox.manager("wants_no_more", channel="phone")
    for scope in ("all", "campaign"):
        assert undo_token(mailbox.opt_out(scope)) is None
    assert mailbox.is_stopped()


def test_the_button_does_not_undo_what_was_said_after_it_was_shown(mailbox: Mailbox) -> None:
    token = token_of(mailbox.opt_out())
    mailbox.wait(minutes=1)
    mailbox.harness.deliver_ses_event("Complaint", mailbox.receipt, 5)
    assert mailbox.undo(token)["statusCode"] == 409


def test_the_token_is_in_no_log(mailbox: Mailbox) -> None:
    with recorded_output() as output:
        token = token_of(mailbox.opt_out())
        mailbox.undo(token)
        mailbox.undo(token + "x")
    written = "\n".join(output.everything())
    assert "doctor undid an opt-out" in written
    assert token not in written


def test_the_code_of_a_letter_stops_and_does_not_undo(many_sources: HandlerHarness) -> None:
    harness = many_sources
    receipt = harness.submit(doctor={"name": "Rosa Patel", "phone": DOCTOR["phone"], "address": ADDRESS})
    keys, _ = DoctorHashes(harness._keys).of(from_item(harness.item(receipt)))
    codes = wiring.parts().letter_codes
    codes.store([Link(keys, "lumen", receipt, is_printed=True)])  # type: ignore[attr-defined]
    typed = urlencode({"code": codes.code_of(receipt)})  # type: ignore[attr-defined]

    def page(method: str, body: str = "") -> Any:
        found = harness.invoke("links", events.request("POST /api/stop", typed, content_type=FORM))
        query = found["headers"]["location"].partition("?")[2]
        return harness.invoke("links", events.request(f"{method} /api/opt-out", body, query=query, content_type=FORM))

    token = token_of(page("POST", "scope=all"))
    harness.clock.shift(timedelta(minutes=1))
    assert undo_token(page("GET")) is None
    assert page("POST", "undo=yes")["statusCode"] == 409
    assert page("POST", urlencode({"undo": token}))["statusCode"] == 200
    page("POST", "scope=all")
    harness.clock.shift(timedelta(minutes=1))
    assert undo_token(page("POST", "scope=all")) is None
    assert page("POST", urlencode({"undo": token}))["statusCode"] == 409
