"""The stack on an emulator of AWS by other authors, created once for all tests."""

import textwrap
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.artifact.conftest import local_build
from tests.emulation import differences, emulator, routes
from tests.emulation.differences import Difference
from tests.emulation.stack import NAME, EmulatedStack
from tools.ship.built import Built

__all__ = ["local_build"]

WIDTH = 110
REPORT = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section("the stack on ministack")
    for line in [*config.stash.get(REPORT, ["The stack was not created."]), *_listed(differences.read())]:
        terminalreporter.line(line)


def _listed(found: list[Difference]) -> Iterator[str]:
    for one in found:
        lacks = ", ".join(one.types) or one.property or one.attribute
        yield f"{one.name} ({one.fault})" + (f": does not know {lacks}" if lacks else "")
        yield from textwrap.wrap(one.instead, WIDTH, initial_indent="    ", subsequent_indent="    ")
        yield f"    AWS: {one.title}, {one.address}"


@pytest.fixture(scope="session")
def emulated_account(local_build: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedStack]:
    """An account with the uploaded packages, without a stack."""
    with emulator.running(tmp_path_factory.mktemp("ministack")) as url:
        account = EmulatedStack(url, local_build)
        account.upload()
        yield account


@pytest.fixture(scope="session")
def stack(emulated_account: EmulatedStack, pytestconfig: pytest.Config) -> EmulatedStack:
    began = time.monotonic()
    refused = emulated_account.create(NAME, differences.read())
    assert not refused, "\n".join([f"not listed in {differences.FILE.name}:", *refused])
    routes.import_body(emulated_account)
    found = Counter(resource["ResourceType"] for resource in emulated_account.resources())
    created = f"Created {found.total()} resources of {len(found)} types in {time.monotonic() - began:.1f} s."
    left_out = f"Not created: {', '.join(sorted(emulated_account.left_out))}."
    pytestconfig.stash[REPORT] = [created, *textwrap.wrap(left_out, WIDTH), "Differences:"]
    return emulated_account
