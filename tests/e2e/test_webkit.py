"""A submission on an iPhone, from the page to the doctor's mailbox."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import WebKitGTK
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from local.stack import LocalStack
from tests.e2e import webkit
from tests.e2e.mailbox import Mailbox
from tests.e2e.referral_age import make_older
from tests.engines import web

Find = Callable[[str], WebElement]
LOSE_THE_ANSWER = """const real = window.fetch;
window.fetch = async (...asked) => { window.fetch = real; await real(...asked); throw new TypeError("offline"); };"""
AXE = """const done = arguments[0];
axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
  .then(({ violations }) => done(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)));"""


@pytest.fixture(scope="module")
def phone() -> Iterator[WebKitGTK]:
    if webkit.find() is None and not webkit.can_be_had():
        pytest.skip(webkit.MISSING)
    with webkit.opened() as driver:
        driver.set_window_size(390, 844)
        yield driver


def seen(phone: WebKitGTK, selector: str) -> WebElement:
    """The first visible element for this selector, once there is one."""

    def visible(driver: WebKitGTK) -> list[WebElement]:
        return [one for one in driver.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]

    # An element of the page before can be found and then be gone.
    wait = WebDriverWait(phone, 10, ignored_exceptions=[StaleElementReferenceException])
    return wait.until(visible, f"nothing to be seen of {selector}")[0]


@pytest.fixture
def find(phone: WebKitGTK) -> Find:
    return partial(seen, phone)


def open_form(phone: WebKitGTK, stack: LocalStack, locale: str = "en") -> None:
    phone.get(f"{stack.url}/{locale}/")
    press(phone, "[data-open]")


def press(phone: WebKitGTK, selector: str) -> None:
    """Scrolls to the element and taps it."""
    one = seen(phone, selector)
    phone.execute_script("arguments[0].scrollIntoView({ block: 'center' })", one)
    one.click()


def test_a_submission_typed_by_hand_sends_one_message(
    phone: WebKitGTK, find: Find, stack: LocalStack, mailbox: Mailbox
) -> None:
    open_form(phone, stack)
    press(phone, "#submitted_by + label")
    find("#doctor-name").send_keys("Ana Apple")
    find("#doctor-email").send_keys("apple@clinic.example")
    press(phone, "#referral [type=submit]")
    assert find("[data-receipt]").text
    assert [message["to"] for message in mailbox.wait_for(1, to="apple@clinic.example")] == [["apple@clinic.example"]]
    phone.refresh()
    assert find("h1").text == "Thank you. We have your request"


def test_in_spanish_a_doctor_is_found_chosen_and_mailed(
    phone: WebKitGTK, find: Find, stack: LocalStack, mailbox: Mailbox
) -> None:
    open_form(phone, stack, "es")
    assert find("html").get_attribute("lang") == "es"
    press(phone, "#submitted_by + label")
    Select(find("#doctor-address-state")).select_by_value("IL")
    find("#doctor-name").send_keys("Marcus Lopez")
    assert find("#matches [role=option]")
    find("#doctor-name").send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    assert "Marcus" in find("#chosen").text
    find("#doctor-email").send_keys("manzana@clinic.example")
    press(phone, "#referral [type=submit]")
    assert find("[data-receipt]")
    assert [message["to"] for message in mailbox.wait_for(1, to="manzana@clinic.example")] == [
        ["manzana@clinic.example"]
    ]


def test_a_doctor_without_an_email_address_is_told_by_letter_or_phone(
    phone: WebKitGTK, find: Find, stack: LocalStack, mailbox: Mailbox
) -> None:
    open_form(phone, stack)
    press(phone, "#submitted_by + label")
    find("#doctor-name").send_keys("Ana Paper")
    find("#doctor-phone").send_keys("217 555 0188")
    press(phone, "#referral [type=submit]")
    make_older(stack, find("[data-receipt]").text)
    phone.refresh()
    assert "We will send a letter or call" in find("h1").text
    assert mailbox.messages() == []


def test_a_lost_response_sends_one_message_when_the_form_is_sent_again(
    phone: WebKitGTK, find: Find, stack: LocalStack, mailbox: Mailbox
) -> None:
    open_form(phone, stack)
    press(phone, "#submitted_by + label")
    find("#doctor-name").send_keys("Ana Tunnel")
    find("#doctor-email").send_keys("tunnel.apple@clinic.example")
    phone.execute_script(LOSE_THE_ANSWER)
    press(phone, "#referral [type=submit]")
    assert find(".notice")
    press(phone, "#referral [type=submit]")
    assert find("[data-receipt]")
    assert len(mailbox.wait_for(1, to="tunnel.apple@clinic.example")) == 1


def test_a_mistyped_domain_is_asked_about_before_the_form_is_sent(
    phone: WebKitGTK, find: Find, stack: LocalStack, mailbox: Mailbox
) -> None:
    open_form(phone, stack)
    press(phone, "#submitted_by + label")
    find("#doctor-name").send_keys("Ana Typo")
    find("#doctor-email").send_keys("ana@clinic.cmo")
    press(phone, "#referral [type=submit]")
    assert "clinic.com" in find("[data-suggestion]").text
    press(phone, "[data-suggestion] button")
    assert find("#doctor-email").get_attribute("value") == "ana@clinic.com"
    press(phone, "#referral [type=submit]")
    assert find("[data-receipt]")
    assert [message["to"] for message in mailbox.wait_for(1)] == [["ana@clinic.com"]]


def test_the_entries_stay_when_the_language_changes(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    open_form(phone, stack)
    find("#doctor-name").send_keys("Ana Language")
    press(phone, ".languages a")
    WebDriverWait(phone, 10).until(lambda driver: driver.current_url.endswith("/es/"))
    assert find("#doctor-name").get_attribute("value") == "Ana Language"
    assert phone.execute_script("return sessionStorage.length") == 0


def test_another_name_removes_the_chosen_doctor(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    open_form(phone, stack)
    Select(find("#doctor-address-state")).select_by_value("IL")
    find("#doctor-name").send_keys("Marcus Lopez")
    assert find("#matches [role=option]")
    find("#doctor-name").send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    assert find("#chosen") == phone.switch_to.active_element
    press(phone, "#chosen-change")
    find("#doctor-name").send_keys("x")
    assert phone.find_element(By.ID, "doctor-npi").get_attribute("value") == ""
    press(phone, "#lookup-removed button")
    assert "Marcus" in find("#chosen").text


def test_errors_are_shown_and_have_the_focus(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    open_form(phone, stack)
    find("#doctor-email").send_keys("maria@")
    press(phone, "#referral [type=submit]")
    assert len(find("#errors").find_elements(By.TAG_NAME, "li")) == 3
    assert phone.switch_to.active_element.get_attribute("id") == "errors"
    assert find("#doctor-email-error")


def submit_without_email(phone: WebKitGTK, find: Find, stack: LocalStack, name: str) -> str:
    """Submits a doctor who is told by letter or phone, and returns the receipt."""
    open_form(phone, stack)
    press(phone, "#submitted_by + label")
    find("#doctor-name").send_keys(name)
    find("#doctor-phone").send_keys("217 555 0177")
    press(phone, "#referral [type=submit]")
    return find("[data-receipt]").text


@pytest.mark.long
def test_the_page_after_the_form_can_be_reloaded_and_left(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    receipt = submit_without_email(phone, find, stack, "Ana Reload")
    assert phone.current_url == f"{stack.url}/api/referrals/{receipt}"
    phone.refresh()
    assert find("[data-receipt]").text == receipt
    phone.back()
    press(phone, "[data-open]")
    assert find("#doctor-name").get_attribute("value") == ""
    assert find("#referral [type=submit]").get_attribute("aria-disabled") == "false"


@pytest.mark.long
def test_a_referral_is_withdrawn_on_its_status_page(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    receipt = submit_without_email(phone, find, stack, "Ana Withdrawal")
    press(phone, ".withdraw summary")
    press(phone, ".withdraw button")
    page = f"{stack.url}/api/referrals/{receipt}?lang=en"
    WebDriverWait(phone, 10).until(lambda driver: driver.current_url == page)
    assert find("h1").text == "You took it back"


@pytest.mark.long
def test_a_typed_receipt_leads_to_its_status_page(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    receipt = submit_without_email(phone, find, stack, "Ana Receipt")
    phone.get(f"{stack.url}/en/")
    find("#receipt").send_keys("no receipt", Keys.ENTER)
    assert "Check the receipt" in find("#receipt-error").text
    assert find("#receipt") == phone.switch_to.active_element
    find("#receipt").clear()
    find("#receipt").send_keys(receipt.lower().replace("-", " "), Keys.ENTER)
    assert find("[data-receipt]").text == receipt


@pytest.mark.long
def test_choosing_a_doctor_clears_the_errors_of_its_fields(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    open_form(phone, stack)
    press(phone, "#referral [type=submit]")
    assert find("#doctor-name-error")
    Select(find("#doctor-address-state")).select_by_value("IL")
    find("#doctor-name").send_keys("Marcus Lopez")
    assert find("#matches [role=option]")
    find("#doctor-name").send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    assert find("#chosen")
    assert not phone.find_element(By.ID, "doctor-name-error").is_displayed()
    assert len(find("#errors").find_elements(By.TAG_NAME, "li")) == 1


def test_axe_finds_no_errors_in_webkit(phone: WebKitGTK, find: Find, stack: LocalStack) -> None:
    open_form(phone, stack)
    phone.execute_script(web.axe().read_text("utf-8"))
    assert phone.execute_async_script(AXE) == []
    assert phone.execute_script("return document.documentElement.scrollWidth <= innerWidth")
