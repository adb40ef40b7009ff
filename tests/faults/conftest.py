import logging
from collections.abc import Iterator

import pytest

from tests.engines import dynamodb_local
from tests.faults import workers
from tests.faults.cloud import DynamoDBLocal, Moto
from tests.faults.injection import Results
from tests.faults.world import Lab
from tests.integration.conftest import no_account
from tests.rights.suite import may_do_what_it_does, watched

__all__ = ["may_do_what_it_does", "no_account", "watched"]

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
def run_scenario(pytestconfig: pytest.Config) -> Iterator[workers.Runner]:
    with workers.working(pytestconfig.getoption("one_in")) as made:
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
