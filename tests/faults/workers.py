"""Walks in processes of their own, one for each processor: its points know nothing of each other."""

import logging
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from multiprocessing import get_context

import pytest

from tests.faults.cloud import DynamoDBLocal, Moto
from tests.faults.walk import Steps, Story, walk
from tests.faults.world import Lab
from tests.integration.conftest import forget_account

COUNT = os.cpu_count() or 1

_labs: list[Lab] = []


class Workers:
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def walk(self, story: Story) -> Steps:
        steps = Steps()
        for part in self._pool.map(_walk, repeat(story, COUNT), range(COUNT)):
            steps += part
        return steps


@contextmanager
def working(url: str | None) -> Iterator[Workers]:
    """With an engine of their own each, or with the one at `url`."""
    # Not forked: a fork takes threads for granted that it does not have.
    with ProcessPoolExecutor(COUNT, get_context("spawn"), _start, (url,)) as pool:
        yield Workers(pool)


def _start(url: str | None) -> None:
    # Thousands of failures are on purpose here; a traceback of each takes longer than the failure.
    logging.disable(logging.CRITICAL)
    patch = pytest.MonkeyPatch()
    forget_account(patch)
    _labs.append(Lab(DynamoDBLocal(url) if url else Moto(), patch))


def _walk(story: Story, part: int) -> Steps:
    return walk(_labs[0], story, part, COUNT)
