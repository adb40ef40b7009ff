"""Accessibility of a page, as far as programs can check it: WCAG 2.2 AA by axe-core, and rules that axe-core omits."""

from collections.abc import Iterator
from functools import cache
from typing import Literal

from playwright.sync_api import Page

from tests.engines import web
from tests.support.waiting import CEILING

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
# A screen 1280 pixels wide, at 100%, 200% and 400%. The last is 320 pixels wide, like the narrowest phone.
WIDTHS = {"100%": 1280, "200%": 640, "400%": 320}
_STANDARD = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# The color scheme changes only colors, so dark mode can break only these rules.
_COLORS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}

_AXE = """async ([within, runOnly]) => {
  const { violations } = await axe.run(within, { runOnly, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}"""

# What axe's rules depend on: the elements with their attributes and how they are nested, but not the wording of texts.
STRUCTURE = """() => JSON.stringify([...document.querySelectorAll("*")].map((one) => [
  one.localName, one.className, one.getAttribute("type"), one.getAttribute("role"), one.getAttributeNames(),
  one.querySelectorAll("*").length, one.textContent.trim() === "",
]))"""

# Reflow, WCAG 1.4.10: no horizontal scrolling.
SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > width + 1);
  return ["wider than the screen: " + wide.map((one) => `${one.localName}.${one.className}`)];
}"""

# Chart.js resizes a canvas a few frames after its container.
_CHARTS_FIT = """() => [...document.querySelectorAll("canvas")].every(
  (canvas) => canvas.getBoundingClientRect().width <= canvas.parentElement.clientWidth + 1
)"""

# Target size, WCAG 2.5.8: 24 pixels except in a sentence. Frequent targets have the 44 pixels of level AAA.
_SMALL = """() => {
  const most = ".button, input, select, summary, .call, .brand, .languages a, [role=option]";
  const small = [];
  for (const one of document.querySelectorAll("a[href], button, input, select, summary, [role=option]")) {
    if (!one.checkVisibility({ visibilityProperty: true }) || one.closest(".unseen, .skip")) continue;
    const target = ["radio", "checkbox"].includes(one.type) ? (one.labels[0] ?? one) : one;
    const { width, height } = target.getBoundingClientRect();
    const inSentence = getComputedStyle(one).display === "inline";
    const least = one.matches(most) ? 44 : 24;
    if (!inSentence && (width < 24 || height < least - 0.5))
      small.push(`too small: ${one.outerHTML.slice(0, 80)} ${Math.round(width)}x${Math.round(height)}`);
  }
  return small;
}"""


def load_early(page: Page) -> None:
    """Load axe-core into every page that is opened from now on, which is faster than into each open page."""
    page.add_init_script(path=web.axe())


def problems(page: Page, axe_at: str | None, within: str = "html") -> Iterator[str]:
    """Yield errors of the page in light and dark mode, and of its layout at every zoom level.

    axe checks `within` at one zoom level, if any: what differs between zoom levels is the layout.
    """
    for zoom, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 800})
        if not page.evaluate(_CHARTS_FIT):
            page.wait_for_function(_CHARTS_FIT, timeout=1000 * CEILING)
        if zoom == axe_at:
            yield from (f"{zoom}, {problem}" for problem in _axe_problems(page, within))
        yield from (f"{zoom}: {problem}" for problem in page.evaluate(SIDEWAYS) + page.evaluate(_SMALL))


def _axe_problems(page: Page, within: str) -> Iterator[str]:
    # Uses the debugger, to which the page's Content-Security-Policy does not apply.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    for scheme, rules in zip(SCHEMES, (_STANDARD, _COLORS), strict=True):
        page.emulate_media(color_scheme=scheme)
        yield from (f"{scheme}: {problem}" for problem in page.evaluate(_AXE, [within, rules]))


@cache
def _axe() -> str:
    return web.axe().read_text("utf-8")
