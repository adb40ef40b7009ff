"""Bots are held back without disturbing people: the proof of work runs while they type."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from local.stack import LocalStack
from referral_intake.aws.item_format import plain, referral_key
from tests.e2e.mailbox import Mailbox
from tests.e2e.test_submit import fill_in, open_form, receipt_on, submit

CHALLENGE, SOLVER = "**/api/challenge?for=*", "**/assets/altcha.*.js"
THANKS = "Thank you. We have your request"


@pytest.fixture
def asked(page: Page) -> list[str]:
    """Requests of the page from now on."""
    addresses: list[str] = []

    def note(request: Request) -> None:
        addresses.append(request.url)

    page.on("request", note)
    return addresses


def stored(stack: LocalStack, page: Page) -> dict[str, Any]:
    key = referral_key(receipt_on(page))
    found = stack.cloud.dynamodb.get_item(TableName="referral-intake-Table", Key=key, ConsistentRead=True)
    return plain(found["Item"])


def challenge_with(**hints: int) -> Callable[[Route], None]:
    """The challenge with other hints. Hints are not signed: only the page uses them."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | hints)

    return answer


def fail(route: Route) -> None:
    route.abort()


def is_down(route: Route) -> None:
    route.fulfill(status=503, json={})


def is_nonsense(route: Route) -> None:
    route.fulfill(status=200, content_type="text/javascript", body='{"challenge": {}}')


def test_the_work_starts_with_the_form_and_needs_two_files_and_one_request(
    page: Page, asked: list[str], mailbox: Mailbox
) -> None:
    page.reload()
    assert not [address for address in asked if "challenge" in address or "altcha" in address]
    open_form(page)
    fill_in(page, email="files@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    for part in ("/assets/challenge.", "/assets/altcha.", "/api/challenge?for="):
        assert len([address for address in asked if part in address]) == 1
    # Otherwise the message could arrive during a later test.
    mailbox.wait_for(1, to="files@clinic.example")


def test_a_proof_lets_the_submission_proceed_without_any_mention_of_the_check(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    fill_in(page, email="proven@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    expect(page.locator("h1")).to_have_text(THANKS)
    (message,) = (one for one in mailbox.wait_for(1, to="proven@clinic.example") if "proven" in json.dumps(one["to"]))
    assert message["subject"]


@pytest.mark.long
@pytest.mark.parametrize("failure", [fail, is_down, is_nonsense])
@pytest.mark.parametrize("part", [CHALLENGE, SOLVER, "**/assets/challenge.*.js"])
def test_a_patient_without_a_proof_is_thanked_and_the_referral_is_held(
    page: Page, stack: LocalStack, mailbox: Mailbox, part: str, failure: Callable[[Route], None]
) -> None:
    page.route(part, failure)
    open_form(page)
    fill_in(page, email="failed@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    expect(page.locator("h1")).to_have_text(THANKS)
    found = stored(stack, page)
    assert (found["stage"], found["reason"]) == ("held", "unproven")
    assert mailbox.wait_for(1, seconds=0.5) == []


def test_a_challenge_that_never_arrives_does_not_block_the_form(page: Page, stack: LocalStack) -> None:
    page.clock.install()
    page.reload()
    page.route(CHALLENGE, lambda route: None)
    open_form(page)
    fill_in(page, email="never@clinic.example")
    submit(page)
    button = page.locator("form#referral button[type=submit]")
    expect(button).to_have_text("One moment…")
    page.clock.fast_forward(14_000)
    expect(button).to_have_text("One moment…")
    page.clock.fast_forward(2_000)
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert stored(stack, page)["reason"] == "unproven"


def test_a_very_fast_patient_waits_a_moment_and_is_told_so(page: Page, mailbox: Mailbox) -> None:
    page.route(CHALLENGE, challenge_with(wait_seconds=2))
    open_form(page)
    fill_in(page, email="quick@clinic.example")
    submit(page)
    button = page.locator("form#referral button[type=submit]")
    expect(button).to_have_text("One moment…")
    expect(page.locator("[data-busy-status]")).to_have_text("One moment…")
    expect(button).to_be_focused()
    button.press("Enter")  # Impatient repeated clicks count once.
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert len(mailbox.wait_for(1, to="quick@clinic.example")) == 1


def test_an_expired_challenge_is_replaced_when_it_is_needed(page: Page, mailbox: Mailbox, asked: list[str]) -> None:
    page.route(CHALLENGE, challenge_with(lasts_seconds=0), times=1)
    open_form(page)
    page.wait_for_timeout(500)
    fill_in(page, email="old@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert len([address for address in asked if "/api/challenge" in address]) == 2
    assert len(mailbox.wait_for(1, to="old@clinic.example")) == 1


def test_a_new_referral_from_the_same_page_gets_its_own_proof(page: Page, stack: LocalStack, mailbox: Mailbox) -> None:
    conflict = {"errors": [{"field": "submission_id", "code": "conflict", "message": "."}]}
    page.route("**/api/referrals", lambda route: route.fulfill(status=409, json=conflict), times=1)
    open_form(page)
    fill_in(page, email="conflict@clinic.example")
    submit(page)
    expect(page.locator(".notice")).to_be_visible()
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert len(mailbox.wait_for(1, to="conflict@clinic.example")) == 1


def test_a_bot_that_fills_in_every_field_is_held(page: Page, stack: LocalStack, mailbox: Mailbox) -> None:
    open_form(page)
    fill_in(page, email="trap@clinic.example")
    page.locator("[name=comments]").evaluate("field => { field.value = 'marked' }")
    submit(page)
    expect(page.locator("h1")).to_have_text(THANKS)
    found = stored(stack, page)
    assert (found["stage"], found["reason"]) == ("held", "trap")
    assert "marked" not in repr(found)
    assert mailbox.wait_for(1, seconds=0.5) == []


def test_the_honeypot_field_is_unreachable_by_keyboard_and_screen_reader(page: Page) -> None:
    open_form(page)
    met = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        met.add(page.evaluate("document.activeElement.name"))
    assert "doctor.name" in met
    assert "comments" not in met
    assert "Leave this empty" not in page.locator("form#referral").aria_snapshot()
    box = page.locator("[name=comments]").locator("..").bounding_box()
    assert box
    assert box["width"] <= 1
    assert box["height"] <= 1


def test_the_pages_have_the_content_security_policy_of_the_template(page: Page, stack: LocalStack) -> None:
    answer = page.request.get("/")
    assert answer.headers["content-security-policy"] == stack.template.site_headers["Content-Security-Policy"]


def set_network(page: Page, address: str) -> None:
    """Sets the header in which CloudFront passes on the address of the client."""
    page.set_extra_http_headers({"CloudFront-Viewer-Address": f"{address}:443"})


@pytest.fixture
def with_older_proof(page: Page, request: pytest.FixtureRequest) -> Page:
    """A form that is filled in, and whose proof is older than ten seconds."""
    page.clock.install()
    set_network(page, "203.0.113.7")
    page.reload()
    with page.expect_response(CHALLENGE):
        open_form(page)
        fill_in(page, email=f"{zlib.crc32(request.node.name.encode())}@clinic.example")
    page.clock.fast_forward(20_000)
    return page


def test_a_phone_that_changed_networks_proves_its_work_again(
    with_older_proof: Page, stack: LocalStack, mailbox: Mailbox, asked: list[str]
) -> None:
    set_network(with_older_proof, "198.51.100.9")
    submit(with_older_proof)
    assert stored(stack, with_older_proof).get("reason") is None
    assert len([address for address in asked if "/api/challenge" in address]) == 1, "the second one"
    assert len(mailbox.wait_for(1)) == 1


def test_in_the_same_network_an_older_proof_is_sent(
    with_older_proof: Page, stack: LocalStack, mailbox: Mailbox, asked: list[str]
) -> None:
    set_network(with_older_proof, "203.0.113.99")
    submit(with_older_proof)
    assert stored(stack, with_older_proof).get("reason") is None
    assert not [address for address in asked if "/assets/altcha" in address], "it solved the new challenge, too"
    assert len(mailbox.wait_for(1)) == 1


def test_if_the_network_cannot_be_checked_the_proof_is_sent(
    with_older_proof: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    with_older_proof.route(CHALLENGE, fail)
    submit(with_older_proof)
    assert stored(stack, with_older_proof).get("reason") is None
    assert len(mailbox.wait_for(1)) == 1


def test_a_browser_that_is_online_again_starts_a_new_proof(page: Page) -> None:
    with page.expect_response(CHALLENGE):
        open_form(page)
        fill_in(page, email="online@clinic.example")
    with page.expect_response(CHALLENGE):
        page.evaluate("window.dispatchEvent(new Event('online'))")
