"""Print text, problems, JSON and progress bars.

Rich leaves colors out if NO_COLOR is set and outside a terminal.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console


def styled(text: str, style: str) -> None:
    """Print to stdout, in that style where the terminal has it."""
    _console().print(text, style=style)


def problem(text: str) -> None:
    """Print to stderr why something was not done."""
    _console(stderr=True).print(text, style="red")


def note(text: str) -> None:
    """Print to stderr what a program that reads stdout does not need."""
    _console(stderr=True).print(text, style="dim")


def print_json(value: Any) -> None:
    """Dates are printed in ISO 8601, in UTC where they have a time."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=lambda one: one.isoformat()))


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr, if that is a terminal. Call what it yields with the number of steps done."""
    # Only long commands need it; the others start faster without it.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = _console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda steps: bar.advance(task, steps)


def _console(*, stderr: bool = False) -> Console:
    # What is printed is data: no markup, and no line breaks that a program would have to undo.
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)
