"""The pictures of the README: the page on a phone, the email to the doctor, and the dashboard.

`make pictures` writes them into build/pictures/readme. To update the README, copy them to docs/pictures.
"""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.dashboard_fixtures import FakeApi
from tests.e2e.dashboard_site import ORIGIN, DashboardSite
from tests.e2e.mailbox import Mailbox

LARGEST_BYTES = 200_000


def take(browser: Browser, url: str, site: Path, folder: Path) -> None:
    """Take the pictures. `url` is that of a local stack that has sent an English message, and `site` the built site."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(f"{url}/en/")
        _picture(page, folder / "page.png")
    with browser.new_context(viewport={"width": 640, "height": 844}) as context:
        page = context.new_page()
        page.set_content(_message(url))
        _picture(page, folder / "mail.png")
    with browser.new_context(base_url=ORIGIN, viewport={"width": 1200, "height": 714}) as context:
        DashboardSite(site, FakeApi()).serve(context)
        page = context.new_page()
        page.goto("/dashboard/")
        page.get_by_role("link", name="Sign in").click()
        expect(page.locator(".frame h1")).to_be_visible()
        page.goto("/dashboard/?last=90")
        expect(page.locator("main .skeleton")).to_have_count(0)
        page.wait_for_timeout(300)  # Charts are drawn a moment later.
        _picture(page, folder / "dashboard.png")


def _message(url: str) -> str:
    english = [one for one in Mailbox(url).wait_for(1) if 'lang="en"' in one["html"]]
    return str(english[-1]["html"])


def _picture(page: Page, file: Path) -> None:
    size = len(page.screenshot(path=file))
    assert size <= LARGEST_BYTES, f"{file.name} has {size:,} bytes. Take a smaller part of the page."
