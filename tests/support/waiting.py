"""Waiting for a condition, with one time limit that only a failure reaches, even on a slow machine."""

import time
from collections.abc import Callable
from typing import Any

CEILING = 120.0
"""In seconds."""


def eventually(condition: Callable[[], Any]) -> Any:
    """Return the first true value of the condition. Raise AssertionError at the time limit."""
    end = time.monotonic() + CEILING
    while not (value := condition()):
        assert time.monotonic() < end, f"the condition did not become true within {CEILING:.0f} s"
        time.sleep(0.02)
    return value
