"""A mistyped email domain: the form asks "Did you mean ...?", and refuses nothing that may exist."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.mailbox import Mailbox
from tests.e2e.test_submit import fill_in, open_form, sent, submit

MISTYPED = {
    "clinic.con": "clinic.com",
    "clinic.ocm": "clinic.com",
    "clinic.cpm": "clinic.com",
    "clinic.cim": "clinic.com",
    "clinic.comm": "clinic.com",
    "Clinic.CO": "clinic.com",
    "clinic.couk": "clinic.co.uk",
    "mayo.eud": "mayo.edu",
    "health.ogr": "health.org",
    "mail.clinic.nte": "mail.clinic.net",
    "gmial.com": "gmail.com",
    "gmai.con": "gmail.com",
    "hotmal.com": "hotmail.com",
    "yahooo.com": "yahoo.com",
}
# Existing domains, each close to a more frequent one.
UNUSUAL = (
    *("mayo.edu", "va.gov", "clinic.health", "clinic.care", "clinic.med", "clinic.vet", "clinic.eu", "email.com"),
    *("mail.com", "ymail.com", "yahoo.es", "yahoo.com.mx", "clinic.co.uk", "email.arizona.edu", "clinic.us", "aon.com"),
)


@pytest.fixture
def form(page: Page) -> Page:
    open_form(page)
    return page


def question(page: Page) -> Locator:
    return page.get_by_role("status").filter(has_text="Did you mean")


def type_email(page: Page, email: str) -> None:
    """Leaves the field again."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Email").press("Tab")


def test_a_mistyped_domain_is_corrected_with_one_press(form: Page) -> None:
    for typed, meant in MISTYPED.items():
        type_email(form, f"maria@{typed}")
        expect(question(form)).to_contain_text(f"Did you mean {meant}?")
        form.get_by_role("button", name="Yes, change it").click()
        expect(form.get_by_label("Email")).to_have_value(f"maria@{meant}")
        expect(form.get_by_label("Email")).to_be_focused()
        expect(question(form)).to_have_count(0)


def test_the_question_is_asked_when_the_field_is_left_for_the_submit_button(form: Page) -> None:
    form.get_by_label("Email").fill("maria@gmial.com")
    form.locator("form#referral button[type=submit]").focus()
    expect(question(form)).to_contain_text("Did you mean gmail.com?")


def test_no_question_is_asked_about_domains_that_exist(form: Page) -> None:
    type_email(form, "maria@gmial.com")
    expect(question(form)).to_be_visible()
    for domain in UNUSUAL:
        type_email(form, f"maria@{domain}")
        assert question(form).count() == 0, domain


def test_a_domain_that_may_exist_is_sent_as_typed(form: Page) -> None:
    fill_in(form, email="maria@clinic.co")
    form.get_by_label("Email").press("Tab")
    form.get_by_role("button", name="No, keep it").click()
    expect(question(form)).to_have_count(0)
    assert sent(form)["doctor"]["email"] == "maria@clinic.co"
    expect(form.locator("[data-receipt]")).to_be_visible()


@pytest.mark.parametrize("how", ["Enter", "button"])
def test_the_question_is_asked_once_before_the_form_is_sent(form: Page, mailbox: Mailbox, how: str) -> None:
    def send() -> None:
        form.get_by_label("Email").press("Enter") if how == "Enter" else submit(form)

    fill_in(form, name=f"Ana {how}", email=f"{how}@clinic.co")
    send()
    expect(form.get_by_role("button", name="Yes, change it")).to_be_focused()
    assert mailbox.messages() == []
    send()
    expect(form.locator("[data-receipt]")).to_be_visible()
    assert [message["to"] for message in mailbox.wait_for(1)] == [[f"{how}@clinic.co"]]


def test_an_ending_that_does_not_exist_gets_the_message_and_the_question(form: Page) -> None:
    fill_in(form, email="maria@clinic.con")
    form.get_by_label("Email").press("Tab")
    form.get_by_role("button", name="No, keep it").click()
    submit(form)
    expect(form.locator("#doctor-email-error")).to_contain_text("No email addresses end like this.")
    expect(question(form)).to_contain_text("clinic.com")
    form.get_by_role("button", name="Yes, change it").click()
    expect(form.locator("#errors")).to_be_hidden()
    expect(form.locator("#doctor-email-error")).to_be_hidden()
    expect(form.get_by_label("Email")).not_to_have_attribute("aria-invalid", "true")
    expect(form).not_to_have_title(re.compile("^Error: "))


def test_the_question_is_announced_politely(form: Page) -> None:
    place = form.locator("[data-suggestion]")
    assert place.get_attribute("role") == "status"
    assert place.evaluate("one => one.checkVisibility()"), "a hidden region would not announce what is added"
