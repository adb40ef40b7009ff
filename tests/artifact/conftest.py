import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlocal.template.model import Function
from tests.artifact import host_build
from tests.artifact.emulator import Start
from tests.artifact.stack import BuiltStack
from tests.engines import dynamodb_local
from tests.integration.sign_in import Page, bearer
from tools.ship import built
from tools.ship.built import Built

ROOT = Path(__file__).parents[2]
STARTS = pytest.StashKey[list[tuple[Function, Start]]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report the measured starts."""
    if starts := config.stash.get(STARTS, None):
        terminalreporter.section("starts under the emulator, not comparable with Lambda")
        terminalreporter.line(f"{'':12}{'init ms':>10}{'first ms':>10}{'timeout s':>11}{'most MB':>9}{'memory MB':>11}")
        for function, start in starts:
            times = f"{start.init:10.0f}{start.first:10.0f}{function.timeout:11.0f}"
            terminalreporter.line(f"{function.short_name:12}{times}{start.peak:9.0f}{function.memory:11}")


@pytest.fixture(scope="session")
def deployable_build() -> Built:
    """Output of `make build`, for arm64."""
    return built.read(ROOT / ".aws-sam" / "build")


@pytest.fixture(scope="session")
def local_build() -> Iterator[Built]:
    with host_build.available() as build:
        yield build


@pytest.fixture(scope="module")
def stack(local_build: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltStack]:
    folder = tmp_path_factory.mktemp("shipped")
    before = _contents(local_build.folder)
    with dynamodb_local.running() as engine, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", engine)
        options = {"site": folder / "site", "log_file": folder / "logs.jsonl", "out": io.StringIO()}
        with BuiltStack(local_build, folder, **options) as running:
            yield running
    # Root may write to read-only folders, so this checks the contents.
    assert _contents(local_build.folder) == before, "a function wrote into its code"


@pytest.fixture(scope="module")
def manager(stack: BuiltStack) -> dict[str, str]:
    """Headers of a signed-in manager."""
    (client,) = stack.template.pools[0].clients
    return bearer(Page(stack, f"{stack.url}/dashboard/", client.id).sign_in("manager")["access_token"])


def _contents(folder: Path) -> dict[str, str]:
    files = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return {str(file): hashlib.blake2b(file.read_bytes()).hexdigest() for file in files}
