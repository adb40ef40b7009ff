"""A separate process without threads for the runs: only such a process can fork."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import pytest

from tests.faults.environment import SimulationEnvironment
from tests.faults.fake_aws import Moto
from tests.faults.injection import Results, Scenario, run_with_faults
from tests.integration.conftest import set_fake_credentials

ScenarioRunner = Callable[[Scenario], Results]

_environments: list[SimulationEnvironment] = []


@contextmanager
def scenario_runner(one_in: int) -> Iterator[ScenarioRunner]:
    with ProcessPoolExecutor(1, get_context("spawn"), _start) as pool:
        yield lambda scenario: pool.submit(_run, scenario, one_in).result()


def _start() -> None:
    # Thousands of failures are intended. Logging their tracebacks would take longer than the failures.
    logging.disable(logging.CRITICAL)
    patch = pytest.MonkeyPatch()
    set_fake_credentials(patch)
    _environments.append(SimulationEnvironment(Moto(), patch))


def _run(scenario: Scenario, one_in: int) -> Results:
    return run_with_faults(_environments[0], scenario, one_in)
