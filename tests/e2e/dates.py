"""The date in pages: Chromium's clock cannot be shifted like Python's (tools/dates)."""

import os
from typing import Any

from playwright.sync_api import Browser

_SCRIPT = """
(() => {
  const Real = Date, ahead = AHEAD * 1000;
  globalThis.Date = class extends Real {
    constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + ahead); }
    static now() { return Real.now() + ahead; }
  };
})();
"""


def as_shifted(browser: Browser) -> Browser:
    """The browser, whose pages have the date at which the tests run."""
    if not (ahead := os.environ.get("CLOCK_AHEAD")):
        return browser
    script, new_context, new_page = _SCRIPT.replace("AHEAD", ahead), browser.new_context, browser.new_page

    def in_context(**options: Any) -> Any:
        context = new_context(**options)
        context.add_init_script(script)
        return context

    def in_page(**options: Any) -> Any:
        page = new_page(**options)
        page.add_init_script(script)
        return page

    browser.new_context, browser.new_page = in_context, in_page  # type: ignore[method-assign]
    return browser
