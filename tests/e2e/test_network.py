"""One submission is one referral and one message, with any failure of the network or the browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.e2e.test_submit import RECEIPT, fill_in, open_form, plain_page, receipt_on, submit  # noqa: F401  (a fixture)

# The slowest common mobile network.
SLOW = {"offline": False, "latency": 800, "downloadThroughput": 40_000, "uploadThroughput": 20_000}

Count = Callable[[], int]


@pytest.fixture
def referrals(stack: LocalStack) -> Count:
    """Number of referrals added since the test began."""

    def count() -> int:
        found = stack.cloud.dynamodb.get_paginator("scan").paginate(TableName="referral-intake-Table")
        return sum(item["sk"] == {"S": "referral"} for page in found for item in page["Items"])

    before = count()
    return lambda: count() - before


def filled_in(page: Page, name: str, email: str) -> Page:
    page.goto("/")
    open_form(page)
    fill_in(page, name, email)
    return page


def test_a_connection_lost_during_submission_makes_one_referral(page: Page, mailbox: Mailbox, referrals: Count) -> None:
    def go_away(route: Route) -> None:
        route.fetch()  # The request arrives, but its response does not.
        page.context.set_offline(True)
        route.abort("internetdisconnected")

    filled_in(page, "Ana Tunnel", "tunnel@clinic.example")
    page.route("**/api/referrals", go_away, times=1)
    submit(page)
    expect(page.locator(".notice")).to_be_visible()
    submit(page)  # Still offline.
    expect(page.locator("#referral [type=submit]")).to_have_attribute("aria-disabled", "false")
    expect(page.locator(".notice")).to_be_visible()
    expect(page.get_by_label("Doctor's name")).to_have_value("Ana Tunnel")
    page.context.set_offline(False)
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert (len(mailbox.wait_for(1, to="tunnel@clinic.example")), referrals()) == (1, 1)


def test_a_slow_network_causes_no_loss_and_no_duplicates(page: Page, mailbox: Mailbox, referrals: Count) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW)
    filled_in(page, "Ana Slow", "slow.network@clinic.example")
    submit(page)
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(page.locator("[data-busy-status]")).not_to_be_empty()
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert (len(mailbox.wait_for(1, to="slow.network@clinic.example")), referrals()) == (1, 1)


def test_two_tabs_that_send_the_same_form_make_one_referral(
    context: BrowserContext, mailbox: Mailbox, referrals: Count
) -> None:
    """As when a browser duplicates a tab with its form data."""
    first, second = (filled_in(context.new_page(), "Ana Twin", "twin@clinic.example") for _ in range(2))
    submission_id = first.locator("[name=submission_id]").input_value()
    second.locator("[name=submission_id]").evaluate("(field, id) => (field.value = id)", submission_id)
    for tab in (first, second):
        submit(tab)
    receipts = set()
    for tab in (first, second):
        expect(tab.locator("[data-receipt]")).to_be_visible()
        receipts.add(tab.locator("[data-receipt]").inner_text())
    assert (len(receipts), len(mailbox.wait_for(1, to="twin@clinic.example")), referrals()) == (1, 1, 1)


def test_two_tabs_with_the_same_doctor_send_one_message(context: BrowserContext, mailbox: Mailbox) -> None:
    tabs = [filled_in(context.new_page(), "Ana Both", "both@clinic.example") for _ in range(2)]
    for tab in tabs:
        submit(tab)
    for tab in tabs:
        expect(tab.locator("[data-receipt]")).to_be_visible()
    mailbox.wait_for(1, to="both@clinic.example")
    assert len(mailbox.wait_for(2, seconds=2)) == 1


def test_going_back_after_sending_shows_an_empty_form_and_sends_nothing(
    page: Page, mailbox: Mailbox, referrals: Count
) -> None:
    filled_in(page, "Ana Back", "back@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#doctor-name")).to_have_value("")
    expect(page.locator("#doctor-email")).to_have_value("")
    assert (len(mailbox.wait_for(1, to="back@clinic.example")), referrals()) == (1, 1)


def test_without_javascript_going_back_and_sending_again_makes_one_referral(
    plain_page: Page,  # noqa: F811
    referrals: Count,
) -> None:
    fill_in(plain_page, "Ana Again", "again@clinic.example")
    submit(plain_page)
    receipt = receipt_on(plain_page)
    plain_page.go_back()
    fill_in(plain_page, "Ana Again", "again@clinic.example")
    submit(plain_page)
    assert (receipt_on(plain_page), referrals()) == (receipt, 1)


def test_without_javascript_a_lost_connection_can_be_retried(plain_page: Page, referrals: Count) -> None:  # noqa: F811
    fill_in(plain_page, "Ana Lost", "lost.again@clinic.example")
    plain_page.context.set_offline(True)
    submit(plain_page)
    plain_page.wait_for_url("chrome-error://**")
    plain_page.context.set_offline(False)
    plain_page.goto("/")
    fill_in(plain_page, "Ana Lost", "lost.again@clinic.example")
    submit(plain_page)
    expect(plain_page.locator("[data-receipt]")).to_have_text(RECEIPT)
    assert referrals() == 1


def test_values_entered_before_the_script_loads_are_kept_and_sent(page: Page, mailbox: Mailbox) -> None:
    """By autofill, or by a patient on a slow connection."""

    def fill_first(route: Route) -> None:
        fill_in(page, "Ana Early", "early@clinic.example")
        route.continue_()

    page.route("**/assets/site.*.js", fill_first)
    page.goto("/", wait_until="commit")
    expect(page.locator("[name=submission_id]")).not_to_have_value("")
    expect(page.locator("#referral")).to_be_visible()
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    [message] = mailbox.wait_for(1, to="early@clinic.example")
    assert "Dear Dr. Early," in message["text"]


def test_no_field_is_marked_as_the_patients_own_details(page: Page) -> None:
    """Autofill would enter the patient's name and email address for the doctor."""
    open_form(page)
    own = "[autocomplete]:not([autocomplete=off])"
    assert (
        page.locator(f"#referral {own}, #referral input:not([type=hidden], [type=radio], [autocomplete])").count() == 0
    )
