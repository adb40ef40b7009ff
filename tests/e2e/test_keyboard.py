"""The page without a mouse, without colors, without motion, and on paper."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.e2e.states import STATES, errors, lookup, thanks
from tests.e2e.variants import LOCALES, first_of
from tests.support.samples import campaign

# The focused element, and reasons for which its focus may be invisible.
FOCUSED = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const shown = one.type === "radio" ? one.labels[0] : one;
  const style = getComputedStyle(shown);
  const { top, bottom, left, right } = shown.getBoundingClientRect();
  const inside = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  const ringed = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const name = one.name || one.id || one.textContent.trim().replace(/\\s+/g, " ");
  return [name, [inside || "not on the screen", ringed || "no ring"].filter((problem) => problem !== true).join()];
}"""
CONTENT_AFTER = "one => getComputedStyle(one, '::after').content"
ANIMATED = """() => [...document.querySelectorAll("*")].filter((one) => {
  const { scrollBehavior, transitionDuration, animationName } = getComputedStyle(one);
  return scrollBehavior !== "auto" || transitionDuration !== "0s" || animationName !== "none";
}).map((one) => one.outerHTML)"""
WITHOUT_BORDER = """() => [...document.querySelectorAll(
  ".button, .call, .choice label, input:not([type=radio], [type=hidden]), select, .matches, .level")]
  .filter((one) => one.checkVisibility() && !parseFloat(getComputedStyle(one).borderTopWidth))
  .map((one) => one.outerHTML)"""
# Radio buttons of one group are one tab stop.
TAB_STOPS = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
  .filter((one) => one.checkVisibility() && one.tabIndex >= 0)
  .filter((one, place, all) => one.type !== "radio" || all.findIndex(({ name }) => name === one.name) === place)
  .length"""


# Languages differ only in their texts.
@pytest.fixture(params=LOCALES)
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(page: Page, locale: str) -> Page:
    page.goto(f"/{locale}/")
    return page


@pytest.mark.long
@pytest.mark.parametrize("state", ["form", "errors", "thanks"])
def test_every_tab_stop_is_visible_and_none_is_a_keyboard_trap(page: Page, state: str) -> None:
    STATES[state](page)
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    expected = page.evaluate(TAB_STOPS)
    stops: list[list[str]] = []
    page.keyboard.press("Tab")
    while (stop := page.evaluate(FOCUSED)) and len(stops) <= expected:
        stops.append(stop)
        page.keyboard.press("Tab")
    assert [stop for stop in stops if stop[1]] == []
    assert len(stops) == expected


def test_a_submission_is_possible_with_the_keyboard_alone(page: Page, mailbox: Mailbox, locale: str) -> None:
    keys = page.keyboard
    keys.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport(ratio=1)
    keys.press("Enter")
    expect(page.locator("main")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#form-title")).to_be_focused()
    keys.press("Tab")
    keys.press("Space")
    expect(page.locator("#submitted_by")).to_be_checked()
    while not page.evaluate("document.activeElement.type === 'submit'"):
        keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#errors")).to_be_focused()
    while not page.evaluate("document.activeElement.id === 'doctor-name'"):
        keys.press("Tab")
    keys.type("Maria Lopez")
    keys.press("Tab")
    keys.type("217 555 0123" if locale == "en" else "217 555 0124")  # Uses another doctor each time.
    keys.press("Tab")
    keys.type(f"keys.{locale}@clinic.example")
    keys.press("Enter")
    expect(page.locator("[data-receipt]")).to_be_visible()
    assert [message["to"] for message in mailbox.wait_for(1, to=f"keys.{locale}@clinic.example")] == [
        [f"keys.{locale}@clinic.example"]
    ]


def test_errors_are_announced_at_once_and_each_links_to_its_field(page: Page) -> None:
    errors(page)
    links = page.get_by_role("alert").get_by_role("link").all()
    fields = [link.get_attribute("href") or "" for link in links]
    assert len(fields) >= 5
    tops = [(page.locator(field).bounding_box() or {"y": 0})["y"] for field in fields]
    assert tops == sorted(tops), "in the order of the page"
    for link, field in zip(links, fields, strict=True):
        link.focus()
        page.keyboard.press("Enter")
        expect(page.locator(field)).to_be_focused()
        expect(page.locator(f"{field}-error")).not_to_be_empty()


def test_sending_is_announced(page: Page) -> None:
    STATES["sending"](page)
    expect(page.locator("#referral [type=submit]")).to_be_focused()
    expect(page.locator("[data-busy-status]")).not_to_be_empty()
    assert page.locator("[data-busy-status]").get_attribute("role") == "status"
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("state", first_of("form", "lookup", "thanks"))
def test_the_page_has_no_animations(page: Page, state: str) -> None:
    """So there is nothing to disable for users who prefer reduced motion."""
    STATES[state](page)
    assert page.evaluate(ANIMATED) == []


@pytest.fixture
def forced(browser: Browser, stack: LocalStack, locale: str) -> Iterator[Page]:
    """As Windows displays it with a high-contrast theme."""
    context = browser.new_context(base_url=stack.url, forced_colors="active")
    page = context.new_page()
    page.goto(f"/{locale}/")
    yield page
    context.close()


def test_with_forced_colors_every_control_has_a_border(forced: Page) -> None:
    lookup(forced)
    assert forced.evaluate(WITHOUT_BORDER) == []
    chosen = forced.locator("[role=option][aria-selected=true]")
    assert chosen.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    forced.locator("#submitted_by").check()
    edge = "one => getComputedStyle(one).borderTopColor"
    assert len({label.evaluate(edge) for label in forced.locator("#referral .choice label").all()}) == 2


def test_the_printed_page_has_all_text_and_the_addresses_of_links(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    colors = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    assert colors == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    for gone in ("#referral", ".find", ".button", ".skip", ".languages", ".backs"):
        assert not [one for one in page.locator(gone).all() if one.is_visible()], gone
    for kept in ("#safety", "#signs", ".bottom", ".references li a >> nth=0"):
        expect(page.locator(kept)).to_be_visible()
    expect(page.locator(".references")).to_contain_text("doi:10.5555/first")
    assert campaign().sender.product_url in page.locator(".device-link").evaluate(CONTENT_AFTER)


def test_the_receipt_can_be_printed(page: Page) -> None:
    thanks(page)
    page.emulate_media(media="print")
    expect(page.locator("[data-receipt]")).to_be_visible()
    expect(page.get_by_text(page.url)).to_be_visible()
