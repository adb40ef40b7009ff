"""What docs/cost.md says is what was measured, at bench/prices.py's prices, with what the template has by now.

Where one of these fails: `python -m bench.cost` measures and writes the page; `--tables` writes it alone.
"""

import re
from dataclasses import replace

from bench import cost, cost_page
from bench.cost_page import Measured

PAGE = cost_page.PAGE.read_text("utf-8")


def test_the_page_holds_what_was_measured_at_its_prices_with_the_templates_alarms_and_secrets() -> None:
    assert cost_page.written(PAGE, Measured.read()) == PAGE
    [metrics] = re.findall(r"metrics of ours \((\d+);", PAGE)
    assert int(metrics) == Measured.read().metrics


def test_another_measurement_would_make_another_page() -> None:
    kept = Measured.read()
    dearer = {name: replace(one, writes=one.writes + 10) for name, one in kept.lives.items()}
    assert cost_page.written(PAGE, replace(kept, lives=dearer)) != PAGE
    assert cost_page.written(PAGE, replace(kept, metrics=kept.metrics + 1)) != PAGE


def test_lives_use_what_was_measured() -> None:
    """But for logs, which go elsewhere where another test has opened them before."""
    bills, metrics = cost.measure()
    kept = Measured.read()
    assert metrics == kept.metrics
    assert bills.keys() == kept.lives.keys()
    for name, bill in bills.items():
        assert replace(cost.used(bill), log_bytes=0) == replace(kept.lives[name], log_bytes=0), name
