import logging
from collections.abc import Iterator

import pytest

from tests.engines import dynamodb_local
from tests.faults import workers
from tests.faults.cloud import DynamoDBLocal, Moto
from tests.faults.walk import Steps
from tests.faults.world import Lab
from tests.integration.conftest import no_account
from tests.rights.suite import may_do_what_it_does, watched

__all__ = ["may_do_what_it_does", "no_account", "watched"]

STEPS = pytest.StashKey[Steps]()
# What is walked where there is no time for all of it.
ONE_IN = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-point", action="store_true", help=f"walk every point, and not one in {ONE_IN}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if steps := config.stash.get(STEPS, None):
        terminalreporter.write_line(f"fault walk: {steps}")


@pytest.fixture
def steps(pytestconfig: pytest.Config) -> Steps:
    """Everything that was walked."""
    return pytestconfig.stash.setdefault(STEPS, Steps())


@pytest.fixture(scope="session")
def walks(pytestconfig: pytest.Config) -> Iterator[workers.Walks]:
    with workers.working(1 if pytestconfig.getoption("every_point") else ONE_IN) as made:
        yield made


@pytest.fixture
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def lab(no_account: None, quiet: None, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(Moto(), monkeypatch)


@pytest.fixture
def lab_on_dynamodb_local(no_account: None, quiet: None, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(DynamoDBLocal(dynamodb_local.shared()), monkeypatch)
