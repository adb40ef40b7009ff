"""A patient submits a referral on a phone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pypdfium2 import PdfDocument

from local.stack import LocalStack
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core import decisions
from referral_intake.core.referral import Stage
from tests.e2e.conftest import PHONE
from tests.e2e.mailbox import Mailbox
from tests.e2e.referral_age import make_older

RECEIPT = re.compile(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}")


@pytest.fixture
def plain_page(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    """A browser with JavaScript disabled."""
    context = browser.new_context(base_url=stack.url, viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


def receipt_on(page: Page) -> str:
    return page.locator("[data-receipt]").inner_text()


def approve(stack: LocalStack, receipt: str) -> None:
    """A person approves the held referral."""
    referrals = ReferralTable(stack.cloud.dynamodb, "referral-intake-Table")
    held = referrals.get(receipt, consistent=True)
    assert held
    assert held.stage is Stage.HELD
    referrals.move(held, decisions.approve(stack.clock.now()))


def fill_in(page: Page, name: str = "Maria Lopez", email: str = "maria.lopez@clinic.example") -> None:
    page.get_by_label("I am the patient").check()
    page.get_by_label("Doctor's name").fill(name)
    page.get_by_label("Email").fill(email)


def open_form(page: Page) -> None:
    page.get_by_role("link", name="Let your doctor know").first.click()


def submit(page: Page) -> None:
    page.locator("form#referral button[type=submit]").click()


def sent(page: Page) -> Any:
    """Submits the form, and returns the body of the request."""
    with page.expect_request("**/api/referrals") as request:
        submit(page)
    return request.value.post_data_json


def test_a_submission_sends_one_message(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    fill_in(page)
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    expect(page.locator("[data-receipt]")).to_have_text(RECEIPT)
    [message] = mailbox.wait_for(1, to="maria.lopez@clinic.example")
    assert message["to"] == ["maria.lopez@clinic.example"]
    assert "Dear Dr. Lopez," in message["text"]
    headers = {header["name"]: header["value"] for header in message["headers"]}
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert set(message) == {
        *("id", "time", "from", "reply_to", "to", "subject", "text", "html", "headers", "tags", "configuration_set")
    }


def test_after_a_day_the_status_page_says_that_the_doctor_was_mailed(
    page: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    open_form(page)
    fill_in(page, email="status@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    mailbox.wait_for(1, to="status@clinic.example")
    page.reload()
    expect(page.locator("h1")).to_have_text("Thank you. We have your request")
    make_older(stack, receipt_on(page))
    page.reload()
    expect(page.locator("h1")).to_contain_text("We wrote to your doctor")
    expect(page.locator("body")).not_to_contain_text("Lopez")


def test_the_page_after_the_form_has_an_address_that_can_be_reloaded_and_shared(
    page: Page, plain_page: Page, stack: LocalStack
) -> None:
    open_form(page)
    fill_in(page, email="shared@clinic.example")
    submit(page)
    receipt = receipt_on(page)
    assert page.url == f"{stack.url}/api/referrals/{receipt}"
    submitted: list[str] = []
    page.on("request", lambda request: submitted.append(request.url) if request.method == "POST" else None)
    page.reload()
    expect(page.locator("[data-receipt]")).to_have_text(receipt)
    assert submitted == []
    plain_page.goto(page.url)
    expect(plain_page.locator("[data-receipt]")).to_have_text(receipt)


def test_the_page_after_the_form_is_printed_on_one_sheet(page: Page, stack: LocalStack) -> None:
    open_form(page)
    fill_in(page, email="printed@clinic.example")
    submit(page)
    receipt = receipt_on(page)
    for locale in ("en", "es"):
        page.goto(f"{stack.url}/api/referrals/{receipt}?lang={locale}")
        for paper in ("Letter", "A4"):
            assert len(PdfDocument(page.pdf(format=paper))) == 1


def test_without_javascript_the_home_page_finds_the_form_by_its_receipt(plain_page: Page, stack: LocalStack) -> None:
    fill_in(plain_page, email="found@clinic.example")
    submit(plain_page)
    receipt = receipt_on(plain_page)
    plain_page.goto(f"{stack.url}/es/")
    field = plain_page.get_by_role("textbox", name="Recibo")
    field.fill("K3QF")
    field.press("Enter")
    expect(plain_page.locator("#receipt-error")).to_contain_text("Revise el recibo")
    expect(field).to_be_focused()
    expect(field).to_have_value("K3QF")
    field.fill(receipt.lower().replace("-", " "))
    plain_page.get_by_role("button", name="Ver el estado").click()
    expect(plain_page.locator("[data-receipt]")).to_have_text(receipt)
    assert plain_page.url == f"{stack.url}/api/referrals/{receipt}?lang=es"


def test_without_javascript_a_patient_withdraws_the_form(plain_page: Page, stack: LocalStack) -> None:
    fill_in(plain_page, email="withdrawn@clinic.example")
    submit(plain_page)
    receipt = receipt_on(plain_page)
    plain_page.get_by_text("Correct or withdraw").click()
    plain_page.get_by_role("button", name="Take it back").click()
    expect(plain_page.locator("h1")).to_have_text("You took it back")
    assert plain_page.url == f"{stack.url}/api/referrals/{receipt}?lang=en"
    expect(plain_page.get_by_role("link", name="Fill in the form again")).to_be_visible()


def test_a_double_click_on_submit_sends_one_message(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    fill_in(page, email="twice@clinic.example")
    page.locator("form#referral button[type=submit]").dblclick()
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert len(mailbox.wait_for(1, to="twice@clinic.example")) == 1


def test_without_javascript_the_form_gets_a_complete_thank_you_page(
    plain_page: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    fill_in(plain_page, email="plain@clinic.example")
    submit(plain_page)
    expect(plain_page.locator("[data-receipt]")).to_have_text(RECEIPT)
    # Without a proof of work, a person checks the referral first.
    expect(plain_page.locator("h1")).to_have_text("Thank you. We have your request")
    assert mailbox.wait_for(1, seconds=1) == []
    approve(stack, receipt_on(plain_page))
    assert [message["to"] for message in mailbox.wait_for(1, to="plain@clinic.example")] == [["plain@clinic.example"]]


def test_without_javascript_an_error_page_keeps_the_entries(
    plain_page: Page, stack: LocalStack, mailbox: Mailbox
) -> None:
    fill_in(plain_page, name="<b>Maria</b>", email="no address")
    submit(plain_page)
    expect(plain_page).to_have_title(re.compile("^Error: "))
    expect(plain_page.get_by_label("Doctor's name")).to_have_value("<b>Maria</b>")
    expect(plain_page.locator("#errors")).to_be_focused()
    plain_page.get_by_label("Email").fill("plain2@clinic.example")
    submit(plain_page)
    expect(plain_page.locator("[data-receipt]")).to_have_text(RECEIPT)
    approve(stack, receipt_on(plain_page))
    [message] = mailbox.wait_for(1, to="plain2@clinic.example")
    assert "Dear Doctor," in message["text"]
    assert "Maria" not in message["text"] + message["html"]


def test_errors_are_shown_at_their_fields_with_the_focus_on_the_summary(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    page.get_by_label("Email").fill("maria@")
    page.get_by_label("Phone").fill("12")
    submit(page)
    for field in ("submitted_by", "doctor-name", "doctor-email", "doctor-phone"):
        expect(page.locator(f"#{field}-error")).to_be_visible()
        expect(page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_be_in_viewport()
    expect(page.locator("#errors li")).to_have_count(4)
    expect(page).to_have_title(re.compile("^Error: "))
    assert mailbox.messages() == []


def test_a_form_without_any_contact_detail_requires_one(page: Page) -> None:
    open_form(page)
    page.get_by_label("I am helping a patient").check()
    page.get_by_label("Doctor's name").fill("Maria Lopez")
    submit(page)
    expect(page.locator("#doctor-error")).to_be_visible()
    page.locator("#errors a").click()
    expect(page.get_by_label("Email")).to_be_focused()


def test_an_error_in_a_collapsed_section_opens_it(page: Page) -> None:
    open_form(page)
    fill_in(page)
    page.get_by_text("More about the doctor").click()
    page.get_by_label("NPI").fill("123")
    page.get_by_text("More about the doctor").click()
    submit(page)
    expect(page.get_by_label("NPI")).to_be_visible()
    page.locator("#errors a").click()
    expect(page.get_by_label("NPI")).to_be_focused()


def test_a_lost_response_makes_one_referral_when_the_form_is_sent_again(page: Page, mailbox: Mailbox) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/referrals", lose_the_answer, times=1)
    open_form(page)
    fill_in(page, email="lost@clinic.example")
    submit(page)
    expect(page.locator(".notice")).to_be_visible()
    expect(page.get_by_label("Doctor's name")).to_have_value("Maria Lopez")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert len(mailbox.wait_for(1, to="lost@clinic.example")) == 1


def test_a_second_doctor_can_be_named_from_the_thank_you_page(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    fill_in(page, email="first@clinic.example")
    submit(page)
    page.get_by_role("link", name="Tell another doctor").click()
    expect(page.get_by_label("Doctor's name")).to_have_value("")
    fill_in(page, email="second@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert len(mailbox.wait_for(2)) == 2


def test_a_doctor_who_opts_out_through_the_message_is_not_mailed_again(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    fill_in(page, email="stop@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    [message] = mailbox.wait_for(1, to="stop@clinic.example")
    link = re.search(r"http\S+/api/opt-out\?token=\S+", message["text"])
    assert link
    page.goto(link[0])
    page.get_by_role("button", name="Stop these messages").click()
    expect(page.locator("h1")).to_contain_text("You will get no more messages")
    page.goto("/")
    open_form(page)
    fill_in(page, name="M. Lopez", email="Stop+again@clinic.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    mailbox.wait_for(1, to="stop@clinic.example")
    assert len(mailbox.wait_for(2, seconds=1)) == 1


def test_a_button_of_the_message_only_marks_the_same_button_on_the_page(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    fill_in(page, name="Ana Marks", email="marked@answers.example")
    submit(page)
    [message] = mailbox.wait_for(1, to="marked@answers.example")
    link = re.search(r"http\S+/api/answer\?token=\S+", message["text"])
    assert link
    page.goto(f"{link[0]}#call")
    expect(page.get_by_role("button", name="Have someone call me")).to_be_focused()
    looks = {
        button.inner_text(): button.evaluate("one => getComputedStyle(one).backgroundColor")
        for button in page.locator(".answers button").all()
    }
    assert looks.pop("Have someone call me") not in looks.values()
    expect(page.locator("h1")).to_have_text("The Lumen Spine Lamp: what would help you?")
    expect(page.locator("h1")).to_be_in_viewport()


def test_without_javascript_a_doctor_gives_a_number_and_a_time_for_a_call(
    page: Page, plain_page: Page, mailbox: Mailbox
) -> None:
    open_form(page)
    fill_in(page, email="callback@answers.example")
    submit(page)
    [message] = mailbox.wait_for(1, to="callback@answers.example")
    link = re.search(r"http\S+/api/answer\?token=\S+", message["text"])
    assert link
    plain_page.goto(link[0])
    expect(plain_page.locator("h1")).to_have_text("The Lumen Spine Lamp: what would help you?")
    plain_page.get_by_role("button", name="Have someone call me").click()
    number, save = plain_page.get_by_label("Phone number"), plain_page.get_by_role("button", name="Save")
    number.fill("12")
    save.click()
    expect(number).to_be_focused()
    expect(number).to_have_value("12")
    expect(number).to_have_accessible_description(re.compile("Check the phone number"))
    number.fill("217.555.0123")
    plain_page.get_by_text("In the morning").click()
    save.click()
    expect(plain_page.get_by_role("status")).to_contain_text("We have noted this")
    plain_page.goto(link[0])
    expect(plain_page.locator("h1")).to_contain_text("Someone will call you about the Lumen Spine Lamp")
    expect(number).to_have_value("(217) 555-0123")
    expect(plain_page.get_by_label("In the morning")).to_be_checked()
    plain_page.get_by_role("link", name="Español").click()
    expect(plain_page.get_by_label("Por la mañana")).to_be_checked()
    plain_page.get_by_role("button", name="No es para mí").click()
    expect(plain_page.locator("h1")).to_contain_text("Gracias por su respuesta")


@pytest.mark.parametrize("button", ["Send me information", "Have someone call me", "Not for me"])
def test_a_doctor_can_answer_through_the_message(page: Page, stack: LocalStack, mailbox: Mailbox, button: str) -> None:
    open_form(page)
    fill_in(page, email=f"{button.split()[0].lower()}@answers.example")
    submit(page)
    expect(page.locator("[data-receipt]")).to_be_visible()
    status_url, receipt = page.url, receipt_on(page)
    [message] = mailbox.wait_for(1)
    link = re.search(r"http\S+/api/answer\?token=\S+", message["text"])
    assert link
    page.goto(link[0])
    page.get_by_role("button", name=button).click()
    expect(page.locator("h1")).to_contain_text("Thank you")
    make_older(stack, receipt)
    page.goto(status_url)
    expect(page.locator("h1")).to_contain_text("This is done")
