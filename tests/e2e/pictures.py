"""`make pictures`: screenshots of every page and state in every language, of messages, and of the dashboard.

They are in build/pictures. `... pictures FOLDER --locale es --width 360` takes only those in Spanish with 360 pixels.
readme_pictures takes those of the README.
"""

import argparse
import io
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from local.stack import LocalStack
from tests.e2e import browser as chromium
from tests.e2e import dashboard_pictures, readme_pictures, site_pages
from tests.e2e.accessibility import SCHEMES, Scheme
from tests.e2e.mailbox import Mailbox
from tests.e2e.site_pages import SitePage
from tests.e2e.states import STATES, Reach
from tests.support.samples import campaign

WIDTHS = (360, 768, 1280)


def main(
    folder: Path, widths: Sequence[int], schemes: Sequence[Scheme], locales: Sequence[str], *, short: bool = False
) -> None:
    # Forms are filled in quickly here, and proofs of work may be cheap.
    quick = {"FillSeconds": "0", "ChallengeTries": "20"}
    with LocalStack(watch=False, out=io.StringIO(), parameters=quick) as stack, sync_playwright() as playwright:
        pages = site_pages.build(folder / "site")[: 1 if short else None]
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        for width, scheme, locale in product(widths, schemes, locales):
            shown = [page for page in pages if page.locale == locale]
            _take_all(browser, stack.url, width, scheme, shown, folder, short=short)
        _print(browser, pages, folder)
        dashboard_pictures.take(browser, folder / "site", folder / "dashboard", schemes, short=short)
        if "en" in locales and not short:
            readme_pictures.take(browser, stack.url, folder / "site", folder / "readme")
        browser.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take pictures of every page and state.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    # Without one of these options: all.
    parser.add_argument("--width", type=int, dest="widths", action="append", help="in pixels")
    parser.add_argument("--scheme", dest="schemes", action="append", choices=SCHEMES)
    parser.add_argument("--locale", dest="locales", action="append", choices=campaign().locales)
    parser.add_argument("--short", action="store_true", help="one picture of each kind")
    return parser.parse_args()


def _take_all(
    browser: Browser, url: str, width: int, scheme: Scheme, pages: list[SitePage], folder: Path, *, short: bool
) -> None:
    locale = pages[0].locale

    def picture(page: Page, name: str, *, whole: bool = True) -> None:
        page.screenshot(path=folder / locale / f"{name}-{width}-{scheme}.png", full_page=whole)

    looks: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    with browser.new_context(base_url=url, **looks) as context:
        # The last state sends the message.
        _take_states(context, locale, dict(list(STATES.items())[-1:]) if short else STATES, picture)
        _take_mail(context, url, picture)
    with browser.new_context(**looks) as context:
        _take_pages(context, pages, folder / "site", picture)


def _take_states(context: BrowserContext, locale: str, states: Mapping[str, Reach], picture: Any) -> None:
    for name, reach in states.items():
        page = context.new_page()
        page.goto(f"/{locale}/")
        reach(page)
        picture(page, f"form-{name}", whole=name != "lookup")
        page.unroute_all(behavior="ignoreErrors")
        page.close()


def _take_mail(context: BrowserContext, url: str, picture: Any) -> None:
    page = context.new_page()
    page.goto("/_local/mailbox")
    picture(page, "mailbox")
    page.set_content(Mailbox(url).wait_for(1)[-1]["html"])
    picture(page, "mail")


def _take_pages(context: BrowserContext, pages: list[SitePage], site: Path, picture: Any) -> None:
    site_pages.serve(context, site)
    page = context.new_page()
    for shown in pages:
        page.goto(site_pages.address(shown, site))
        picture(page, shown.slug)
    page.goto(f"{site_pages.ORIGIN}/{pages[0].locale}/index.html")
    picture(page, "first-screen", whole=False)


def _print(browser: Browser, pages: list[SitePage], folder: Path) -> None:
    """The printed page, which is white in any color scheme."""
    with browser.new_context(color_scheme="dark") as context:
        site_pages.serve(context, folder / "site")
        page = context.new_page()
        for shown in pages:
            page.goto(site_pages.address(shown, folder / "site"))
            page.pdf(path=folder / shown.locale / f"{shown.slug}.pdf", format="Letter", prefer_css_page_size=True)


if __name__ == "__main__":
    given = _arguments()
    shown = (given.widths or WIDTHS, given.schemes or SCHEMES, given.locales or campaign().locales)
    main(given.folder, *shown, short=given.short)
