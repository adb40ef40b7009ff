import logging
from collections.abc import Iterator

import pytest

from tests.engines import dynamodb_local
from tests.faults import worker_process
from tests.faults.environment import SimulationEnvironment
from tests.faults.fake_aws import DynamoDBLocal, Moto
from tests.faults.injection import Results
from tests.integration.conftest import fake_credentials
from tests.permissions.session_recorder import calls_are_permitted, permission_recorder

__all__ = ["calls_are_permitted", "fake_credentials", "permission_recorder"]

RESULTS = pytest.StashKey[Results]()
# Share of the points that a quick run covers.
ONE_IN = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-in", type=int, default=ONE_IN, help=f"check one point in so many (default: {ONE_IN})")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if results := config.stash.get(RESULTS, None):
        terminalreporter.write_line(f"fault injection: {results}")


@pytest.fixture
def results(pytestconfig: pytest.Config) -> Results:
    """Results of all runs."""
    return pytestconfig.stash.setdefault(RESULTS, Results())


@pytest.fixture(scope="session")
def run_scenario(pytestconfig: pytest.Config) -> Iterator[worker_process.ScenarioRunner]:
    with worker_process.scenario_runner(pytestconfig.getoption("one_in")) as runner:
        yield runner


@pytest.fixture
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def environment(fake_credentials: None, quiet: None, monkeypatch: pytest.MonkeyPatch) -> SimulationEnvironment:
    return SimulationEnvironment(Moto(), monkeypatch)


@pytest.fixture
def environment_on_dynamodb_local(
    fake_credentials: None, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> SimulationEnvironment:
    return SimulationEnvironment(DynamoDBLocal(dynamodb_local.shared()), monkeypatch)
