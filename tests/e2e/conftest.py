"""The complete system on a free port, and a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from local.stack import LocalStack
from tests.e2e.mailbox import Mailbox
from tests.permissions.session_recorder import calls_are_permitted, permission_recorder
from tests.support.stack import local_stack
from tests.support.waiting import CEILING

__all__ = ["calls_are_permitted", "permission_recorder"]

CEILING_MS = 1000 * CEILING
expect.set_options(timeout=CEILING_MS)

# Pages wait longer, too: on a slow machine, an answer or a proof of work can exceed their time limits.
PATIENT = """const wait = window.setTimeout;
window.setTimeout = (run, delay, ...rest) => wait(run, delay < 5000 ? delay : 20 * delay, ...rest);"""

PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("local")
    # Tests type faster than people, and their proofs can be cheap: bench/challenge.py measures the real cost.
    quick = {"FillSeconds": "0", "ChallengeTries": "20"}
    with local_stack(folder, parameters=quick) as running:
        yield running


@pytest.fixture
def context(browser: Browser, stack: LocalStack) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=stack.url, viewport=PHONE)
    opened.set_default_timeout(CEILING_MS)
    opened.add_init_script(PATIENT)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, stack: LocalStack) -> Iterator[Page]:
    """The first page on a phone. Fails on errors in the console and on requests to other origins."""
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if _is_problem(said.type, said.text) else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda asked: problems.append(asked.url) if not asked.url.startswith(stack.url) else None)
    page.goto("/")
    yield page
    assert problems == []


def _is_problem(kind: str, text: str) -> bool:
    # Chromium logs an error for every response with a status of 400 or more, also for those that a test causes.
    return kind == "error" and "Failed to load resource" not in text


@pytest.fixture
def mailbox(stack: LocalStack) -> Mailbox:
    """The doctor's mailbox, empty at first."""
    mailbox = Mailbox(stack.url)
    mailbox.empty()
    return mailbox
