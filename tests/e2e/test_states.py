"""What the script makes of the first page can be used by everyone too."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from local.stack import LocalStack
from tests.e2e import accessible
from tests.e2e.states import STATES
from tests.support.samples import campaign
from tests.support.waiting import CEILING


@pytest.fixture
def still(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    """A page on which nothing moves."""
    context = browser.new_context(base_url=stack.url, reduced_motion="reduce")
    context.set_default_timeout(1000 * CEILING)
    yield context.new_page()
    context.close()


# The states differ in their words alone.
OTHERS = [pytest.param(locale, marks=pytest.mark.long) for locale in campaign().locales if locale != "en"]


@pytest.mark.parametrize("locale", ["en", *OTHERS])
@pytest.mark.parametrize("state", STATES)
def test_nothing_keeps_anyone_from_using_the_form(still: Page, state: str, locale: str) -> None:
    still.goto(f"/{locale}/")
    STATES[state](still)
    # The rest of the page is what it was.
    assert list(accessible.problems(still, within=".ask")) == []
