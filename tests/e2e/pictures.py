"""Pictures of every page and of the mail, to be looked at: `make pictures` puts them into build/pictures.

Those that the README shows are in docs/pictures.
"""

import io
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from local.stack import LocalStack
from tests.e2e import browser as chromium
from tests.e2e.mailbox import Mailbox

WIDTHS = (360, 768, 1280)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with LocalStack(watch=False, out=io.StringIO()) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        for width in WIDTHS:
            for scheme in ("light", "dark"):
                _take(browser, stack, width, scheme, folder)
        browser.close()


def _take(browser: Browser, stack: LocalStack, width: int, scheme: str, folder: Path) -> None:
    context = browser.new_context(
        base_url=stack.url,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()

    def picture(name: str, *, whole: bool = True) -> None:
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=whole)

    page.goto("/")
    picture("first-screen", whole=False)
    picture("page")
    page.get_by_role("link", name="Let your doctor know").first.click()
    picture("form")
    _look_up(page, "Maria Lopez")
    picture("lookup", whole=False)
    page.get_by_label("Doctor's name").press("Enter")
    picture("chosen")
    page.reload()
    page.get_by_role("link", name="Let your doctor know").first.click()
    page.locator("#referral button[type=submit]").click()
    page.locator("#errors li").first.wait_for()
    picture("errors")
    _submit(page, f"maria.{width}.{scheme}@clinic.example")
    picture("thanks")
    status_url = page.locator("a[data-status]").get_attribute("href") or ""
    [message] = _delivered(stack)
    page.goto(status_url)
    picture("status")
    page.goto("/en/take-it-with-you.html")
    picture("guide")
    page.set_content(message["html"])
    picture("mail")
    page.goto(message["headers"][0]["value"].strip("<>"))
    picture("opt-out")
    page.goto("/_local/mailbox")
    picture("mailbox")
    context.close()


def _look_up(page: Page, name: str) -> None:
    page.get_by_label("State").select_option("IL")
    page.get_by_label("Doctor's name").press_sequentially(name)
    page.locator("#matches").wait_for()
    page.get_by_label("Doctor's name").press("ArrowDown")


def _submit(page: Page, email: str) -> None:
    page.get_by_label("I am the patient").check()
    page.get_by_label("Doctor's name").fill("Maria Lopez")
    page.get_by_label("E-mail").fill(email)
    page.locator("#referral button[type=submit]").click()
    page.locator("#thanks").wait_for()


def _delivered(stack: LocalStack) -> list[dict[str, Any]]:
    mailbox = Mailbox(stack.url)
    return mailbox.wait_for(1)[-1:]


if __name__ == "__main__":
    main()
