"""Doctor lookup: a patient types a name and chooses a match, or continues without one."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.e2e.test_submit import open_form, plain_page, sent, submit  # noqa: F401  (a fixture)
from tests.e2e.variants import first_of
from tests.support.waiting import eventually

CHOSEN = {
    "doctor.name": "Maria E. Lopez",
    "doctor.address.state": "IL",
    "doctor.phone": "(217) 555-0101",
    "doctor.address.line1": "1401 N Maple Grove Ave",
    "doctor.address.line2": "Ste 200",
    "doctor.address.city": "Springfield",
    "doctor.address.postal_code": "62701",
    "doctor.specialty": "Internal Medicine, Medical Oncology",
    "doctor.npi": "2000001000",
}


@pytest.fixture(autouse=True)
def registry(stack: LocalStack) -> Iterator[None]:
    """The sample registry, which works normally before and after each test."""
    yield
    stack.registry.delay, stack.registry.status = 0.0, 200


@pytest.fixture
def form(page: Page) -> Page:
    open_form(page)
    page.get_by_label("I am the patient").check()
    page.get_by_label("State").select_option("IL")
    return page


def type_name(page: Page, name: str, delay: float = 15) -> None:
    page.get_by_label("Doctor's name").press_sequentially(name, delay=delay)


def offered(page: Page, name: str = "") -> Locator:
    """Options of the list only, because states are options, too."""
    return page.locator("#matches-list").get_by_role("option", name=name)


def search(page: Page, name: str) -> None:
    type_name(page, name)
    wait_for(page, offered(page).first)


def wait_for(page: Page, result: Locator) -> None:
    """On a slow machine, a search can exceed its time limit. The page then repeats it after the next input."""

    def is_shown() -> bool:
        try:
            expect(result).to_be_visible(timeout=10_000)
        except AssertionError:
            page.get_by_label("Doctor's name").dispatch_event("input")
            return False
        return True

    eventually(is_shown)


def lookups(page: Page) -> list[str]:
    """Names that are queried from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.path == "/api/doctors":
            asked.extend(parse_qs(parts.query)["name"])

    page.on("request", note)
    return asked


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[name='{name}']")


def choose(page: Page, name: str = "Maria Lopez", city: str = "Springfield") -> Locator:
    """Chooses a doctor of the list, and returns the card."""
    search(page, name)
    offered(page, city).click()
    card = page.get_by_role("group", name="Maria")
    expect(card).to_be_focused()
    return card


def change_name(page: Page, name: str) -> None:
    page.get_by_role("button", name="Change").click()
    page.get_by_label("Doctor's name").fill(name)


def removed(page: Page) -> Locator:
    return page.locator("#lookup-removed")


def test_a_chosen_doctor_is_shown_as_a_card_in_place_of_the_fields(form: Page, mailbox: Mailbox) -> None:
    search(form, "Maria Lop")
    expect(offered(form)).to_have_count(3)
    offered(form, "Springfield").click()
    card = form.get_by_role("group", name="Maria E. Lopez")
    expect(card).to_be_focused()
    for shown in (
        "Internal Medicine, Medical Oncology",
        "Ste 200",
        "Springfield, IL 62701",
        "(217) 555-0101",
        "2000001000",
    ):
        expect(card).to_contain_text(shown)
    expect(card.get_by_text("Practice")).to_be_hidden()  # The registry has none.
    expect(form.get_by_role("listbox")).to_be_hidden()
    assert [
        one.get_attribute("name")
        for one in form.locator("#referral :is(input:not([name=comments]), select)").all()
        if one.is_visible()
    ] == [*("submitted_by", "submitted_by", "doctor.email")]
    form.get_by_label("Email").fill("lookup@clinic.example")
    assert sent(form)["doctor"]["npi"] == "2000001000"
    [message] = mailbox.wait_for(1, to="lookup@clinic.example")
    assert "Dear Dr. Maria E. Lopez," in message["text"]


def test_change_shows_all_fields_with_what_the_choice_filled_in(form: Page) -> None:
    choose(form)
    form.get_by_role("button", name="Change").click()
    expect(form.get_by_label("Doctor's name")).to_be_focused()
    expect(form.locator("#chosen")).to_be_hidden()
    for name, value in CHOSEN.items():
        expect(field(form, name)).to_have_value(value)
        expect(field(form, name)).to_be_visible()
        expect(field(form, name)).to_be_editable()


def test_another_name_removes_the_details_of_the_chosen_doctor(form: Page) -> None:
    choose(form)
    change_name(form, "Lorna Quigley")
    expect(removed(form)).to_contain_text("Maria E. Lopez")
    form.get_by_label("Email").fill("lorna@clinic.example")
    assert sent(form)["doctor"] == {
        "name": "Lorna Quigley",
        "email": "lorna@clinic.example",
        "address": {"state": "IL"},
    }


def test_one_changed_letter_makes_it_another_name_but_not_spaces_or_case(form: Page) -> None:
    choose(form)
    change_name(form, " maria  e. lopez ")
    expect(field(form, "doctor.npi")).to_have_value("2000001000")
    form.get_by_label("Doctor's name").fill("Maria E. Lopes")
    expect(field(form, "doctor.npi")).to_have_value("")


def test_another_state_removes_the_details_of_the_chosen_doctor(form: Page) -> None:
    choose(form)
    form.get_by_role("button", name="Change").click()
    form.get_by_label("State").select_option("TX")
    expect(removed(form)).to_contain_text("Maria E. Lopez")
    expect(field(form, "doctor.address.line1")).to_have_value("")
    expect(form.get_by_label("Doctor's name")).to_have_value("Maria E. Lopez")


def test_undo_brings_the_chosen_doctor_back(form: Page) -> None:
    choose(form)
    change_name(form, "Lorna Quigley")
    removed(form).get_by_role("button", name="Undo").click()
    expect(form.get_by_role("group", name="Maria E. Lopez")).to_be_focused()
    expect(removed(form)).to_be_empty()
    for name, value in CHOSEN.items():
        expect(field(form, name)).to_have_value(value)
    change_name(form, "Lorna Quigley")
    expect(field(form, "doctor.npi")).to_have_value("")


def test_what_was_typed_before_a_choice_comes_back_when_the_choice_goes(form: Page) -> None:
    form.get_by_label("Phone").fill("217 555 0199")
    choose(form)
    expect(field(form, "doctor.phone")).to_have_value("(217) 555-0101")
    change_name(form, "Lorna Quigley")
    expect(field(form, "doctor.phone")).to_have_value("217 555 0199")


def test_a_choice_clears_the_errors_of_the_fields_that_it_fills(form: Page) -> None:
    form.get_by_label("Phone").fill("12")
    form.get_by_label("Email").fill("maria@")
    submit(form)
    expect(form.locator("#errors li")).to_have_count(3)
    choose(form)
    expect(form.locator("#errors li")).to_have_text(re.compile("email"))
    for name in ("doctor-name", "doctor-phone"):
        expect(form.locator(f"#{name}-error")).to_be_hidden()
        expect(form.locator(f"#{name}")).not_to_have_attribute("aria-invalid", "true")
    expect(form.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    expect(form).to_have_title(re.compile("^Error: "))


def test_a_choice_clears_the_error_of_a_missing_contact_detail(form: Page) -> None:
    type_name(form, "Maria Lopez")
    form.keyboard.press("Tab")
    submit(form)
    expect(form.locator("#errors li")).to_have_count(1)
    form.get_by_label("Doctor's name").focus()
    wait_for(form, offered(form, "Springfield"))
    offered(form, "Springfield").click()
    expect(form.locator("#errors")).to_be_hidden()
    expect(form.get_by_label("Email")).not_to_have_attribute("aria-invalid", "true")
    expect(form).not_to_have_title(re.compile("^Error: "))


def test_an_error_in_a_field_that_the_card_hides_shows_the_fields(form: Page) -> None:
    choose(form)
    error = {"field": "doctor.npi", "code": "npi_invalid", "message": "Check the NPI number."}
    form.route("**/api/referrals", lambda route: route.fulfill(status=422, json={"errors": [error]}))
    submit(form)
    expect(form.locator("#errors")).to_be_focused()
    form.locator("#errors a").click()
    expect(form.get_by_label("NPI")).to_be_focused()
    expect(form.locator("#chosen")).to_be_hidden()


def test_the_lookup_works_with_the_keyboard_alone(page: Page, mailbox: Mailbox) -> None:
    open_form(page)
    keys = page.keyboard
    keys.press("Tab")
    keys.press("Space")
    expect(page.get_by_label("I am the patient")).to_be_checked()
    keys.press("Tab")
    keys.type("Illi")
    keys.press("Tab")
    name = page.get_by_role("combobox", name="Doctor's name")
    expect(name).to_be_focused()
    keys.type("maria lopez", delay=15)
    wait_for(page, offered(page).first)
    expect(name).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#lookup-count")).to_have_text(re.compile("^3 doctors found"))
    assert name.get_attribute("aria-activedescendant") is None, "nothing is chosen unasked"
    options = offered(page)
    for key, chosen in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", None), ("ArrowUp", 2)):
        keys.press(key)
        expect(page.locator("[role=option][aria-selected=true]")).to_have_count(0 if chosen is None else 1)
        if chosen is not None:
            expect(options.nth(chosen)).to_have_attribute("aria-selected", "true")
            expect(name).to_have_attribute("aria-activedescendant", options.nth(chosen).get_attribute("id") or "")
    expect(name).to_be_focused()
    keys.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(name).to_have_value("maria lopez")
    keys.press("ArrowDown")
    expect(page.get_by_role("listbox")).to_be_visible()
    keys.press("ArrowUp")
    keys.press("Enter")
    expect(page.get_by_role("group", name="Mariana Lopez Garcia")).to_be_focused()
    expect(field(page, "doctor.address.postal_code")).to_have_value("60611-5555")
    expect(page.locator("[data-receipt]")).to_have_count(0)
    keys.press("Tab")
    expect(page.get_by_role("button", name="Change")).to_be_focused()
    while not page.evaluate("document.activeElement.name === 'doctor.email'"):
        keys.press("Tab")
    keys.type("keyboard@clinic.example")
    keys.press("Enter")
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert [message["to"] for message in mailbox.wait_for(1, to="keyboard@clinic.example")] == [
        ["keyboard@clinic.example"]
    ]


def test_the_tab_key_moves_on_and_chooses_nothing(form: Page) -> None:
    search(form, "Maria Lopez")
    expect(offered(form)).to_have_count(3)
    form.keyboard.press("ArrowDown")
    form.keyboard.press("Tab")
    expect(form.get_by_label("Phone")).to_be_focused()
    expect(form.get_by_role("listbox")).to_be_hidden()
    expect(form.get_by_label("Doctor's name")).to_have_value("Maria Lopez")
    expect(form.get_by_label("Phone")).to_have_value("")


def test_typing_sends_one_query_after_a_pause(form: Page) -> None:
    asked = lookups(form)
    form.clock.install(time=0)
    form.clock.pause_at(1000)
    type_name(form, "Maria Lopez")
    form.clock.run_for(249)
    assert asked == []
    form.clock.run_for(1)
    form.clock.resume()
    wait_for(form, offered(form).first)
    assert set(asked) == {"Maria Lopez"}


@pytest.mark.parametrize(("state", "name"), [("IL", "Lo"), ("IL", "D. L"), ("", "Maria Lopez")])
def test_no_query_is_sent_before_a_state_and_three_letters_are_entered(page: Page, state: str, name: str) -> None:
    asked = lookups(page)
    open_form(page)
    page.get_by_label("State").select_option(state)
    type_name(page, name)
    page.wait_for_timeout(600)
    assert asked == []


def test_a_state_chosen_later_is_used_when_the_name_gets_the_focus_again(page: Page) -> None:
    open_form(page)
    type_name(page, "Maria Lopez")
    page.get_by_label("State").select_option("TX")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.get_by_label("Doctor's name").focus()
    wait_for(page, offered(page).first)
    expect(offered(page)).to_have_count(1)
    expect(offered(page)).to_contain_text("Austin")


def test_a_name_without_matches_is_reported_once_it_is_complete(form: Page) -> None:
    said = form.locator("#lookup-said")
    with form.expect_response("**/api/doctors?*"):
        type_name(form, "Zebulon")
    expect(said).to_be_empty()
    type_name(form, " Quigley")
    wait_for(form, said.filter(has_text="no doctor with this name"))
    expect(form.get_by_role("listbox")).to_be_hidden()
    form.get_by_label("Doctor's name").press("Backspace")
    expect(said).to_be_empty()


def test_a_second_choice_replaces_all_details_of_the_first(form: Page) -> None:
    choose(form)
    form.get_by_role("button", name="Change").click()
    form.get_by_label("City").fill("Springfield Heights")
    form.get_by_label("Doctor's name").fill("Marisol Lopez")
    wait_for(form, offered(form, "Marisol"))
    offered(form, "Marisol").click()
    expect(form.locator("#chosen")).to_contain_text("Chicago")
    expect(removed(form)).to_be_empty()
    expect(form.get_by_label("Phone")).to_be_visible()  # The registry has no such detail for this doctor.
    expect(form.get_by_label("Phone")).to_have_value("")
    expect(field(form, "doctor.address.line2")).to_have_value("")
    expect(field(form, "doctor.address.city")).to_have_value("Chicago")


def test_what_was_changed_by_hand_stays_when_the_name_changes(form: Page) -> None:
    choose(form)
    form.get_by_role("button", name="Change").click()
    form.get_by_label("Phone").fill("217 555 0199")
    form.get_by_label("Doctor's name").fill("")
    expect(form.get_by_label("Phone")).to_have_value("217 555 0199")
    expect(form.get_by_label("State")).to_have_value("IL")
    removed(form).get_by_role("button", name="Undo").click()
    expect(form.locator("#chosen")).to_contain_text("217 555 0199")


@pytest.mark.parametrize(("delay", "status"), [(5.0, 200), (0.0, 503)], ids=["slow", "failing"])
def test_without_the_registry_the_form_can_be_completed_by_hand(
    form: Page, stack: LocalStack, mailbox: Mailbox, delay: float, status: int
) -> None:
    stack.registry.delay, stack.registry.status = delay, status
    with form.expect_response("**/api/doctors?*") as answered:
        type_name(form, f"Ottoline Fairweather-{'Slow' if delay else 'Failing'}")
    assert answered.value.status == 200
    assert answered.value.json() == {"doctors": [], "available": False}
    expect(form.get_by_role("listbox")).to_be_hidden()
    expect(form.locator("#lookup-said")).to_be_empty()
    form.get_by_label("Email").fill(f"by.hand.{status}@clinic.example")
    submit(form)
    expect(form.locator("[data-receipt]")).to_be_visible()
    assert len(mailbox.wait_for(1)) == 1


def test_without_the_lookup_function_the_form_can_be_completed_by_hand(form: Page) -> None:
    form.route("**/api/doctors?*", lambda route: route.abort())
    with form.expect_event("requestfailed"):
        type_name(form, "Maria Lopez")
    expect(form.get_by_role("listbox")).to_be_hidden()
    expect(form.locator("#lookup-said")).to_be_empty()


def test_the_form_for_another_doctor_starts_empty(form: Page) -> None:
    choose(form)
    submit(form)
    form.get_by_role("link", name="Tell another doctor").click()
    expect(form.locator("#chosen")).to_be_hidden()
    expect(form.locator("#lookup-said")).to_be_empty()
    for label in ("Doctor's name", "State"):
        expect(form.get_by_label(label)).to_have_value("")


def test_an_option_is_large_enough_to_touch_and_fits_on_the_screen(form: Page) -> None:
    search(form, "Lopez")
    option = offered(form).first
    expect(option).to_be_in_viewport(ratio=1)
    box = option.bounding_box()
    assert box
    assert box["height"] >= 44
    assert form.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_ids_stay_unique_while_the_list_is_open(form: Page) -> None:
    search(form, "Lopez")
    ids = form.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))
    assert form.get_by_label("Doctor's name").get_attribute("aria-controls") in ids


def test_without_javascript_name_and_state_are_plain_fields(plain_page: Page) -> None:  # noqa: F811
    name = plain_page.get_by_label("Doctor's name")
    assert name.get_attribute("role") is None
    expect(plain_page.locator("#lookup-hint")).to_be_hidden()
    expect(plain_page.locator("#matches")).to_be_hidden()
    expect(plain_page.locator("#chosen")).to_be_hidden()
    expect(plain_page.get_by_label("State")).to_be_visible()


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_on_a_wide_screen_state_and_name_are_side_by_side(browser: Browser, stack: LocalStack, scheme: str) -> None:
    context = browser.new_context(
        base_url=stack.url,
        viewport={"width": 1280, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto("/")
    open_form(page)
    # The lookup shows its hint after it has loaded, which moves the content below.
    expect(page.locator("#lookup-hint")).to_be_visible()
    state, name = page.get_by_label("State").bounding_box(), page.get_by_label("Doctor's name").bounding_box()
    assert state
    assert name
    assert abs(state["y"] - name["y"]) < 2
    assert state["x"] < name["x"]
    context.close()
