"""The guide for the next visit, on screen and on paper."""

import pytest
from playwright.sync_api import Browser, Page, expect

from local.stack import LocalStack
from tests.e2e.variants import first_of, in_every_language
from tests.support.printed_page import printed_pages

GUIDE = "/en/take-it-with-you.html"


@in_every_language
@pytest.mark.parametrize("paper", first_of("Letter", "A4"))
def test_the_guide_fits_on_one_sheet_in_every_language(page: Page, paper: str, locale: str) -> None:
    page.goto(f"/{locale}/take-it-with-you.html")
    [sheet] = printed_pages(page.pdf(format=paper, prefer_css_page_size=True))
    assert sheet.height - sheet.ink_bounds()[3] > 0.5, "room that another font or browser may need"


@pytest.mark.parametrize(("paper", "width"), [("Letter", 8.5), ("A4", 8.27)])
def test_the_printed_guide_contains_everything_that_is_needed(page: Page, paper: str, width: float) -> None:
    page.goto(GUIDE)
    [sheet] = printed_pages(page.pdf(format=paper, prefer_css_page_size=True))
    assert sheet.width == pytest.approx(width, abs=0.01)
    for needed in (
        "Call 911",
        "Questions to ask",
        "My notes",
        "pays for this page",
        "content review",
        "Good to know",
    ):
        assert needed in sheet.text
    assert "Print this page" not in sheet.text
    left, top, right, bottom = sheet.ink_bounds()
    # Reserve for a wider font or another browser.
    assert sheet.height - bottom > 0.6
    assert min(left, top, sheet.width - right) > 0.3


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_the_guide_fits_on_every_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(GUIDE)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_button_opens_the_print_dialog(page: Page) -> None:
    page.add_init_script("window.print = () => document.documentElement.setAttribute('data-printed', '')")
    page.goto("/")
    page.get_by_role("link", name="Questions for your next visit").click()
    page.get_by_role("button", name="Print this page").click()
    expect(page.locator("html[data-printed]")).to_be_attached()


def test_without_scripts_there_is_no_print_button(browser: Browser, stack: LocalStack) -> None:
    context = browser.new_context(base_url=stack.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(GUIDE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Print this page", exact=True)).to_be_hidden()
    context.close()
