"""A process of its own, in which nothing runs beside the walk: only such a one can fork."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import pytest

from tests.faults.cloud import Moto
from tests.faults.walk import Steps, Story, walk
from tests.faults.world import Lab
from tests.integration.conftest import forget_account

Walks = Callable[[Story], Steps]

_labs: list[Lab] = []


@contextmanager
def working(one_in: int) -> Iterator[Walks]:
    with ProcessPoolExecutor(1, get_context("spawn"), _start) as pool:
        yield lambda story: pool.submit(_walk, story, one_in).result()


def _start() -> None:
    # Thousands of failures are on purpose here; a traceback of each takes longer than the failure.
    logging.disable(logging.CRITICAL)
    patch = pytest.MonkeyPatch()
    forget_account(patch)
    _labs.append(Lab(Moto(), patch))


def _walk(story: Story, one_in: int) -> Steps:
    return walk(_labs[0], story, one_in)
