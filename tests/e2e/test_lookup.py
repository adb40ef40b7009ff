"""Doctor lookup: a patient types a name and chooses a match, or continues without one."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.e2e.test_submit import open_form, plain_page, submit  # noqa: F401  (a fixture)
from tests.e2e.variants import first_of

CHOSEN = {
    "Doctor's name": "Maria E. Lopez",
    "State": "IL",
    "Phone": "(217) 555-0101",
    "Street": "1401 N Maple Grove Ave",
    "Suite": "Ste 200",
    "City": "Springfield",
    "ZIP": "62701",
    "Specialty": "Internal Medicine, Medical Oncology",
    "NPI": "2000001000",
}


@pytest.fixture(autouse=True)
def registry(stack: LocalStack) -> Iterator[None]:
    """The stand-in registry, which works normally before and after each test."""
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


def lookups(page: Page) -> list[str]:
    """Names that are queried from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.path == "/api/doctors":
            asked.extend(parse_qs(parts.query)["name"])

    page.on("request", note)
    return asked


def test_a_choice_fills_the_form_and_all_fields_stay_editable(form: Page, mailbox: Mailbox) -> None:
    type_name(form, "Maria Lop")
    expect(offered(form)).to_have_count(3)
    offered(form, "Springfield").click()
    for label, value in CHOSEN.items():
        expect(form.get_by_label(label)).to_have_value(value)
        expect(form.get_by_label(label)).to_be_visible()
        expect(form.get_by_label(label)).to_be_editable()
    expect(form.get_by_role("listbox")).to_be_hidden()
    expect(form.locator("#lookup-said")).to_contain_text("Maria E. Lopez")
    expect(form.get_by_label("Doctor's name")).to_be_focused()
    form.get_by_label("Doctor's name").fill("Maria Elena Lopez")
    form.get_by_label("Email").fill("lookup@clinic.example")
    submit(form)
    [message] = mailbox.wait_for(1)
    assert "Dear Maria Elena Lopez," in message["text"]


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
    expect(name).to_have_value("Mariana Lopez Garcia")
    expect(page.get_by_label("ZIP")).to_have_value("60611-5555")
    expect(page.locator("#thanks")).to_have_count(0)
    keys.press("Tab")
    expect(page.get_by_label("Phone")).to_be_focused()
    keys.press("Tab")
    keys.type("keyboard@clinic.example")
    keys.press("Enter")
    expect(page.locator("#thanks")).to_be_focused()
    assert [message["to"] for message in mailbox.wait_for(1)] == [["keyboard@clinic.example"]]


def test_the_tab_key_moves_on_and_chooses_nothing(form: Page) -> None:
    type_name(form, "Maria Lopez")
    expect(offered(form)).to_have_count(3)
    form.keyboard.press("ArrowDown")
    form.keyboard.press("Tab")
    expect(form.get_by_label("Phone")).to_be_focused()
    expect(form.get_by_role("listbox")).to_be_hidden()
    expect(form.get_by_label("Doctor's name")).to_have_value("Maria Lopez")
    expect(form.get_by_label("Phone")).to_have_value("")


def test_typing_sends_few_queries(form: Page) -> None:
    asked = lookups(form)
    type_name(form, "Maria Lopez", delay=40)
    expect(offered(form)).to_have_count(3)
    # Eleven letters. On a busy machine, typing may appear to pause in between.
    assert asked[-1] == "Maria Lopez"
    assert len(asked) <= 3
    before = len(asked)
    type_name(form, "xyz", delay=40)
    expect(form.get_by_role("listbox")).to_be_hidden()
    assert len(asked) <= before + 1


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
    expect(offered(page)).to_have_count(1)
    expect(offered(page)).to_contain_text("Austin")


def test_a_name_without_matches_is_reported_once_it_is_complete(form: Page) -> None:
    said = form.locator("#lookup-said")
    with form.expect_response("**/api/doctors?*"):
        type_name(form, "Zebulon")
    expect(said).to_be_empty()
    type_name(form, " Quigley")
    expect(said).to_contain_text("no doctor of this name")
    expect(form.get_by_role("listbox")).to_be_hidden()
    form.get_by_label("Doctor's name").press("Backspace")
    expect(said).to_be_empty()


def test_a_second_choice_replaces_all_details_of_the_first(form: Page) -> None:
    type_name(form, "Maria Lopez")
    offered(form, "Springfield").click()
    form.get_by_label("City").fill("Springfield Heights")
    form.get_by_label("Doctor's name").fill("Marisol Lopez")
    offered(form, "Marisol").click()
    expect(form.get_by_label("Phone")).to_have_value("")  # The registry has no such detail for this doctor.
    expect(form.get_by_label("Suite")).to_have_value("")
    expect(form.get_by_label("City")).to_have_value("Chicago")


def test_the_npi_of_one_doctor_is_removed_when_the_name_changes(form: Page) -> None:
    type_name(form, "Maria Lopez")
    offered(form, "Springfield").click()
    form.get_by_label("Phone").fill("217 555 0199")
    form.get_by_label("Doctor's name").fill("")
    expect(form.get_by_label("NPI")).to_have_value("")
    expect(form.get_by_label("Phone")).to_have_value("217 555 0199")  # Entered by hand.
    expect(form.get_by_label("State")).to_have_value("IL")


@pytest.mark.parametrize(("delay", "status"), [(5.0, 200), (0.0, 503)], ids=["slow", "failing"])
def test_without_the_registry_the_form_can_be_completed_by_hand(
    form: Page, stack: LocalStack, mailbox: Mailbox, delay: float, status: int
) -> None:
    stack.registry.delay, stack.registry.status = delay, status
    with form.expect_response("**/api/doctors?*") as answered:
        type_name(form, f"Ottoline Fairweather {status}")
    assert answered.value.status == 200
    assert answered.value.json() == {"doctors": [], "available": False}
    expect(form.get_by_role("listbox")).to_be_hidden()
    expect(form.locator("#lookup-said")).to_be_empty()
    form.get_by_label("Email").fill(f"by.hand.{status}@clinic.example")
    submit(form)
    expect(form.locator("#thanks")).to_be_visible()
    assert len(mailbox.wait_for(1)) == 1


def test_without_the_lookup_function_the_form_can_be_completed_by_hand(form: Page) -> None:
    form.route("**/api/doctors?*", lambda route: route.abort())
    with form.expect_event("requestfailed"):
        type_name(form, "Maria Lopez")
    expect(form.get_by_role("listbox")).to_be_hidden()
    expect(form.locator("#lookup-said")).to_be_empty()


def test_the_form_for_another_doctor_starts_empty(form: Page) -> None:
    type_name(form, "Maria Lopez")
    offered(form, "Springfield").click()
    submit(form)
    form.locator("[data-another]").click()
    expect(form.locator("#lookup-said")).to_be_empty()
    for label in ("Doctor's name", "State"):
        expect(form.get_by_label(label)).to_have_value("")


def test_an_option_is_large_enough_to_touch_and_fits_on_the_screen(form: Page) -> None:
    type_name(form, "Lopez")
    option = offered(form).first
    expect(option).to_be_in_viewport(ratio=1)
    box = option.bounding_box()
    assert box
    assert box["height"] >= 44
    assert form.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_ids_stay_unique_while_the_list_is_open(form: Page) -> None:
    type_name(form, "Lopez")
    expect(offered(form).first).to_be_visible()
    ids = form.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))
    assert form.get_by_label("Doctor's name").get_attribute("aria-controls") in ids


def test_without_javascript_name_and_state_are_plain_fields(plain_page: Page) -> None:  # noqa: F811
    name = plain_page.get_by_label("Doctor's name")
    assert name.get_attribute("role") is None
    expect(plain_page.locator("#lookup-hint")).to_be_hidden()
    expect(plain_page.locator("#matches")).to_be_hidden()
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
