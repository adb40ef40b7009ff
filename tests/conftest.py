"""Common settings. Only tests/content may depend on the content that an owner edits."""

import gc
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support import project

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# No dependency on the machine's speed, and CI uses the same examples each time. `make check-full` and `make long` use
# the profile `thorough`, with the examples that Hypothesis creates by default.
settings.register_profile(
    "thorough",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", parent=settings.get_profile("thorough"), max_examples=25)
settings.load_profile("quick")

_CONTENT = str(project.ROOT / "templates" / "campaigns")
# `make run`, `make demo`, benchmarks and commands use the real content.
_MAY_READ_CONTENT = tuple(
    project.ROOT / "tests" / path
    for path in (
        "content",
        "integration/test_demo.py",
        "integration/test_demo_recording.py",
        "integration/test_local_command.py",
        "artifact",
    )
)
_is_allowed = True


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and not _is_allowed and str(arguments[0]).startswith(_CONTENT):
        raise RuntimeError(f"Only tests/content may read {arguments[0]}: take a campaign of tests/campaigns.")


sys.addaudithook(_watch)


# These variables would change the output of commands, which tests compare.
for _name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(_name, None)


@pytest.fixture(autouse=True, scope="session")
def in_the_tests_own_project() -> Iterator[None]:
    """Commands find templates/ and infra/ by relative paths."""
    before = Path.cwd()
    os.chdir(project.root())
    yield
    os.chdir(before)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Imported modules and collected tests live until the end, so no garbage collection needs to visit them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@cache
def _may_read_content(file: Path) -> bool:
    return any(file.is_relative_to(folder) for folder in _MAY_READ_CONTENT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _is_allowed  # An audit hook can only be disabled, not removed.
    _is_allowed = _may_read_content(item.path)
    try:
        return (yield)
    finally:
        _is_allowed = True


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """One browser for all tests, because Playwright runs once per process."""
    # Imported here, so that unit tests start without Playwright.
    from playwright.sync_api import sync_playwright

    from tests.e2e import browser as chromium
    from tests.e2e.dates import as_shifted

    path = chromium.find()
    assert path, "no Chromium: run `make test`, which gets one"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield as_shifted(launched)
        launched.close()
