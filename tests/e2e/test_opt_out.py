"""A doctor opts out through a message, and undoes it on the page that confirms it."""

import re

import pytest
from playwright.sync_api import Page, expect

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.e2e.marketing import submit_with_proof

WORDS = {
    "en": ("Stop these messages", "I want messages again", "Messages can reach you again", "You get no more messages"),
    "es": (
        "Detener estos mensajes",
        "Quiero volver a recibir mensajes",
        "Los mensajes pueden llegarle otra vez",
        "Ya no recibe mensajes",
    ),
}


@pytest.mark.parametrize("locale", WORDS)
def test_a_doctor_undoes_an_opt_out_only_on_the_page_that_confirms_it(
    page: Page, stack: LocalStack, mailbox: Mailbox, locale: str
) -> None:
    stop, again, undone, stopped = WORDS[locale]
    submit_with_proof(stack, "Uma Undo", email=f"undo.{locale}@clinic.example")
    [message] = mailbox.wait_for(1)
    link = re.search(r"http\S+/api/opt-out\?token=\S+", message["text"])
    assert link
    page.goto(f"{link[0]}&lang={locale}")
    page.get_by_role("button", name=stop).click()
    expect(page.get_by_role("button", name=again)).to_be_visible()
    later = page.context.new_page()
    later.goto(f"{link[0]}&lang={locale}")
    expect(later.locator("h1")).to_have_text(stopped)
    expect(later.get_by_role("button", name=again)).to_have_count(0)
    page.get_by_role("button", name=again).click()
    expect(page.locator("h1")).to_have_text(undone)
