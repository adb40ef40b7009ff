"""The tool that runs the tests at other dates."""

import subprocess
import sys
from datetime import date

import pytest

from tools.dates.__main__ import DATES

_PRINT_DATE = "import datetime; print(datetime.datetime.now(datetime.UTC).date())"
_PRINT_DATE_IN_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_PRINT_DATE!r}])"


@pytest.mark.parametrize("code", [_PRINT_DATE, _PRINT_DATE_IN_CHILD])
def test_a_command_and_its_children_see_the_other_date(code: str) -> None:
    command = [sys.executable, "-m", "tools.dates", "2040-02-29 12:00", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2040-02-29"


def test_the_dates_cover_leap_days_ends_of_years_and_clock_changes() -> None:
    days = {name: date.fromisoformat(at[:10]) for name, at in DATES.items()}
    assert days["sunday-night"].weekday() == 6
    assert (days["leap-day"].month, days["leap-day"].day) == (2, 29)
    assert (days["year-end"].month, days["year-end"].day) == (12, 31)
