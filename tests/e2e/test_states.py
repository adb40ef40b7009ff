"""States of the form, and the page that follows it, are accessible, too."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from local.stack import LocalStack
from tests.e2e import accessibility
from tests.e2e.states import STATES
from tests.e2e.variants import in_every_language, on_phone_and_desktop
from tests.support.waiting import CEILING


@pytest.fixture
def still(browser: Browser, stack: LocalStack) -> Iterator[Page]:
    """A page without animations."""
    context = browser.new_context(base_url=stack.url, reduced_motion="reduce")
    context.set_default_timeout(1000 * CEILING)
    yield context.new_page()
    context.close()


@in_every_language
@on_phone_and_desktop
@pytest.mark.parametrize("state", STATES)
def test_the_form_is_accessible_in_every_state(still: Page, state: str, locale: str, axe_at: str) -> None:
    accessibility.load_early(still)
    still.goto(f"/{locale}/")
    STATES[state](still)
    # The rest of the first page is unchanged.
    assert list(accessibility.problems(still, axe_at, within=".ask, .sheet")) == []
