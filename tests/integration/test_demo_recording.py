"""The functions still write the recorded history of the demo.

This is not in test_demo.py, since a process can run only one local stack at a time.
"""

from typing import Any

import pytest

from local.demo import history
from local.demo.history import Item
from local.demo.recording import CHECK_TIME


@pytest.mark.long
def test_the_real_functions_reproduce_the_recorded_history() -> None:
    """Checks the first weeks. If this fails, run `make demo-data` and check the demo."""
    from local.demo.__main__ import record

    assert _at_check(record(CHECK_TIME).lines()) == _at_check(history.read().splitlines()), "run: make demo-data"


def _at_check(lines: Any) -> dict[str, Item]:
    found = history.items_at(CHECK_TIME, "\n".join(lines))
    return {f"{item['pk']['S']} {item['sk']['S']}": item for item in found}
