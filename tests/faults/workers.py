"""A separate process without threads for the runs: only such a process can fork."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import pytest

from tests.faults.cloud import Moto
from tests.faults.injection import Results, Scenario, run_with_faults
from tests.faults.world import Lab
from tests.integration.conftest import forget_account

Runner = Callable[[Scenario], Results]

_labs: list[Lab] = []


@contextmanager
def working(one_in: int) -> Iterator[Runner]:
    with ProcessPoolExecutor(1, get_context("spawn"), _start) as pool:
        yield lambda scenario: pool.submit(_run, scenario, one_in).result()


def _start() -> None:
    # Thousands of failures are intended. Logging their tracebacks would take longer than the failures.
    logging.disable(logging.CRITICAL)
    patch = pytest.MonkeyPatch()
    forget_account(patch)
    _labs.append(Lab(Moto(), patch))


def _run(scenario: Scenario, one_in: int) -> Results:
    return run_with_faults(_labs[0], scenario, one_in)
