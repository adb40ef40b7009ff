"""CloudWatch output of functions: their log lines as written, and their metrics."""

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
"""The name of a metric, and the names of its dimensions."""


@dataclass
class FunctionOutput:
    lines: list[str] = field(default_factory=list)
    printed: io.StringIO = field(default_factory=io.StringIO)

    @property
    def logged(self) -> list[dict[str, Any]]:
        """Log lines of the handlers."""
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


class _LineRecorder(logging.Handler):
    """Formats each line at once, because its context changes later."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextmanager
def recorded_output() -> Iterator[FunctionOutput]:
    """Record the output, including logs of libraries from the level that Lambda writes."""
    output = FunctionOutput()
    with ExitStack() as stack:
        loggers = loggers_of_functions()
        for logger in loggers:
            recorder = _LineRecorder(output.lines)
            recorder.setFormatter(logger.handlers[0].formatter)
            stack.enter_context(_with_handler(logger, recorder))
        others = _LineRecorder(output.lines)
        others.setLevel(logging.WARNING)
        # Powertools excludes its own lines from Lambda's handler.
        others.addFilter(lambda record: record.name not in {one.name for one in loggers})
        stack.enter_context(_with_handler(logging.getLogger(), others))
        stack.enter_context(redirect_stdout(output.printed))
        yield output


def loggers_of_functions() -> set[logging.Logger]:
    """A logger gets its name from the environment at import, so there may be several."""
    modules = pkgutil.walk_packages(referral_intake.__path__, "referral_intake.")
    loggers = [getattr(import_module(module.name), "logger", None) for module in modules]
    return {logging.getLogger(logger.name) for logger in loggers if isinstance(logger, Logger)}


@contextmanager
def _with_handler(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
