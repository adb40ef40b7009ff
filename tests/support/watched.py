"""Everything that functions would leave in CloudWatch: their log lines, as they are written, and their metrics."""

import io
import json
import logging
import pkgutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from aws_lambda_powertools import Logger

import referral_intake

Metric = tuple[str, frozenset[str]]
"""A name, and the names of the dimensions that it stands under."""


@dataclass
class Watched:
    lines: list[str] = field(default_factory=list)
    printed: io.StringIO = field(default_factory=io.StringIO)

    @property
    def logged(self) -> list[dict[str, Any]]:
        """What the doors logged, line by line."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    @property
    def emitted(self) -> list[dict[str, Any]]:
        """Metrics in EMF."""
        return [json.loads(line) for line in self.printed.getvalue().splitlines() if '"_aws"' in line]

    @property
    def metrics(self) -> set[Metric]:
        groups = [group for line in self.emitted for group in line["_aws"]["CloudWatchMetrics"]]
        return {(m["Name"], frozenset(names)) for g in groups for m in g["Metrics"] for names in g["Dimensions"]}

    def everything(self) -> list[str]:
        return [*self.lines, *self.printed.getvalue().splitlines()]


class _Keeps(logging.Handler):
    """Formats at once: what a line tells of its context is gone when the context is."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextmanager
def watching() -> Iterator[Watched]:
    """Also what libraries log, from the level on that Lambda shows."""
    watched = Watched()
    with ExitStack() as stack:
        doors = loggers_of_the_doors()
        for logger in doors:
            ours = _Keeps(watched.lines)
            ours.setFormatter(logger.handlers[0].formatter)
            stack.enter_context(_listening(logger, ours))
        others = _Keeps(watched.lines)
        others.setLevel(logging.WARNING)
        # Powertools keeps what it writes itself from Lambda's own handler.
        others.addFilter(lambda record: record.name not in {door.name for door in doors})
        stack.enter_context(_listening(logging.getLogger(), others))
        stack.enter_context(redirect_stdout(watched.printed))
        yield watched


def loggers_of_the_doors() -> set[logging.Logger]:
    """They have their names by the environment at the time when they were imported, so there may be several."""
    modules = pkgutil.walk_packages(referral_intake.__path__, "referral_intake.")
    loggers = [getattr(import_module(module.name), "logger", None) for module in modules]
    return {logging.getLogger(logger.name) for logger in loggers if isinstance(logger, Logger)}


@contextmanager
def _listening(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
