"""A patient changes the language in the middle of the form."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_lookup import choose, field
from tests.e2e.test_submit import open_form, sent

TYPED = {
    "doctor.name": "Ruth Language",
    "doctor.phone": "217 555 0177",
    "doctor.email": "ruth@clinic.example",
    "doctor.address.city": "Springfield",
}
STORED = "JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage), document.cookie])"


@pytest.fixture
def form(page: Page) -> Page:
    open_form(page)
    return page


def switch(page: Page, to: str = "Español") -> None:
    page.get_by_role("link", name=to).click()
    page.wait_for_url("**/es/" if to == "Español" else "**/en/")


def test_the_entries_stay_when_the_language_changes(form: Page) -> None:
    form.get_by_label("I am helping a patient").check()
    form.get_by_label("State").select_option("IL")
    form.get_by_text("Or give a mailing address").click()
    for name, value in TYPED.items():
        field(form, name).fill(value)
    before = form.locator("[name=submission_id]").input_value()
    switch(form)
    expect(form.locator("#form-title")).to_be_focused()
    expect(form.locator("#submitted_by-caregiver")).to_be_checked()
    for name, value in (TYPED | {"doctor.address.state": "IL", "locale": "es", "submission_id": before}).items():
        expect(field(form, name)).to_have_value(value)
    expect(field(form, "doctor.address.city")).to_be_visible()
    assert sent(form)["locale"] == "es"


def test_nothing_of_the_entries_is_left_in_the_browser_or_in_the_address(form: Page) -> None:
    field(form, "doctor.name").fill("Maria Lopez")
    switch(form)
    expect(field(form, "doctor.name")).to_have_value("Maria Lopez")
    assert form.evaluate(STORED) == '[[],[],""]'
    assert re.fullmatch(r"http://[^/]+/es/", form.url)
    form.reload()
    expect(field(form, "doctor.name")).to_have_value("")


def test_an_empty_form_is_not_stored(form: Page) -> None:
    switch(form)
    expect(form.locator("#referral")).to_be_hidden()


def test_a_chosen_doctor_stays_chosen_when_the_language_changes(form: Page) -> None:
    form.get_by_label("State").select_option("IL")
    choose(form)
    switch(form)
    card = form.get_by_role("group", name="Maria E. Lopez")
    expect(card).to_contain_text("2000001000")
    expect(card).to_contain_text("Teléfono")
    card.get_by_role("button", name="Cambiar").click()
    field(form, "doctor.name").fill("Lorna Quigley")
    expect(field(form, "doctor.npi")).to_have_value("")


def test_the_change_of_language_works_where_the_browser_blocks_storage(page: Page) -> None:
    page.add_init_script("Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('blocked'); } })")
    page.reload()
    open_form(page)
    field(page, "doctor.name").fill("Maria Lopez")
    switch(page)
    expect(page.locator("#referral")).to_be_hidden()
