"""Print text, problems, JSON and progress bars.

Rich omits colors if NO_COLOR is set or the output is not a terminal.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console


def styled(text: str, style: str) -> None:
    """Print to stdout in that style, if the terminal supports it."""
    _console().print(text, style=style)


def problem(text: str) -> None:
    """Print to stderr why a command or a part of it failed."""
    _console(stderr=True).print(text, style="red")


def note(text: str) -> None:
    """Print to stderr, so that a program that reads stdout does not receive the text."""
    _console(stderr=True).print(text, style="dim")


def print_json(value: Any) -> None:
    """Print a value as JSON to stdout. Dates and times are in ISO 8601."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=lambda one: one.isoformat()))


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar if stderr is a terminal. Yield a function that advances the bar by a number of steps."""
    # Imported here, because commands without a progress bar start faster without this module.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = _console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda steps: bar.advance(task, steps)


def _console(*, stderr: bool = False) -> Console:
    # The output is data: Rich must not interpret markup in it, or wrap lines.
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)
