"""A doctor without an email address gets a letter, and its codes work."""

import json
import re
import uuid
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect

from local.stack import LocalStack
from tests.support.printed_page import PrintedPage, printed_pages
from tests.support.proofs import with_proof_for_stack
from tests.support.samples import payload
from tests.support.waiting import CEILING, eventually

ADDRESS = {"line1": "1200 Park Drive", "city": "Springfield", "state": "IL", "postal_code": "62701"}


def submit(stack: LocalStack, **contact: object) -> str:
    doctor = {"name": f"Maria {uuid.uuid4().hex[:6].translate(str.maketrans('0123456789', 'ghijklmnop'))}", **contact}
    sent = with_proof_for_stack(stack, payload(doctor=doctor))
    request = Request(f"{stack.url}/api/referrals", json.dumps(sent).encode(), method="POST")
    request.add_header("content-type", "application/json")
    with urlopen(request, timeout=CEILING) as answer:
        receipt: str = json.load(answer)["receipt"]
    return receipt


def printed_letter(stack: LocalStack, receipt: str, browser: Browser) -> PrintedPage:
    page = browser.new_page(base_url=stack.url)
    link = page.locator(f'a[href="/_local/letters/{receipt}"]')
    eventually(lambda: page.goto("/_local/table") and link.count())
    with urlopen(f"{stack.url}{link.get_attribute('href')}", timeout=CEILING) as answer:
        [letter] = printed_pages(answer.read())
    page.close()
    return letter


def test_the_codes_of_a_letter_open_the_pages_for_answering_and_opting_out(stack: LocalStack, browser: Browser) -> None:
    receipt = submit(stack, address=ADDRESS)
    letter = printed_letter(stack, receipt, browser)
    page = browser.new_page(base_url=stack.url)
    answering, opting_out = letter.codes()
    page.goto(answering.url)
    page.get_by_role("button", name="Have someone call me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Someone will call you"))
    page.goto(opting_out.url)
    page.get_by_role("button", name="Stop these messages").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You will get no more messages")
    with pytest.raises(HTTPError) as gone:
        urlopen(f"{stack.url}/_local/letters/{receipt}", timeout=CEILING)
    assert "opted_out" in gone.value.read().decode()
    page.close()


@pytest.mark.parametrize("has_script", [True, False])
def test_a_doctor_types_the_code_of_a_letter_to_opt_out(stack: LocalStack, browser: Browser, has_script: bool) -> None:
    receipt = submit(stack, address=ADDRESS)
    found = re.search(r"Type the code (\S+) at (\S+)\.", printed_letter(stack, receipt, browser).text)
    assert found
    code, address = found.groups()
    page = browser.new_page(java_script_enabled=has_script)
    page.goto(address)
    field = page.get_by_label("Code from the letter")
    field.fill(receipt)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_title("Error: Stop our messages")
    page.get_by_role("alert").get_by_role("link", name="This is our reference.").click()
    expect(field).to_be_focused()
    field.fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("/api/opt-out"))
    page.get_by_role("button", name="Stop these messages").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You will get no more messages")
    with pytest.raises(HTTPError) as gone:
        urlopen(f"{stack.url}/_local/letters/{receipt}", timeout=CEILING)
    assert "opted_out" in gone.value.read().decode()
    page.close()


def test_without_a_postal_address_the_local_stack_explains_the_missing_letter(stack: LocalStack) -> None:
    receipt = submit(stack, phone="217 555 0188")
    with pytest.raises(HTTPError) as missing:
        urlopen(f"{stack.url}/_local/letters/{receipt}", timeout=CEILING)
    assert "no_postal_address" in missing.value.read().decode()
