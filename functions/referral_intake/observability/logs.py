"""Logs as JSON lines: ids, never what they stand for, and never an exception's own words, which may quote anything."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from referral_intake.core.errors import Unavailable

_PACKAGE = Path(__file__).parents[1]


def logger() -> Logger:
    """What every door logs with. Its level is that of POWERTOOLS_LOG_LEVEL."""
    # Their structured stack trace repeats the words.
    return Logger(logger_formatter=_Discreet(serialize_stacktrace=False))


@contextmanager
def about(logger: Logger, **ids: str | None) -> Iterator[None]:
    """Every line until the end of the block tells these ids, and none after it. None is left out."""
    given = {name: value for name, value in ids.items() if value}
    # By context and not by logger: on one machine, functions that run at once share the logger.
    logger.thread_safe_append_keys(**given)
    try:
        yield
    finally:
        logger.thread_safe_remove_keys(given)


class Failed(Exception):
    """What Lambda is told of an error, so that it tries again: it logs an exception's words, here a type's name."""


@contextmanager
def no_words(logger: Logger) -> Iterator[None]:
    """Around what may raise out of a handler."""
    try:
        yield
    except Exception as error:
        logger.exception("function failed")
        raise Failed(type(error).__name__) from None


class _Discreet(LambdaPowertoolsFormatter):
    """Of an exception, tells its type, where it came from, and a code where one is known to be nothing else."""

    # Our signature is that of logging; theirs is untyped.
    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(_told(ei[1]))

    def serialize(self, log: Any) -> str:
        log.pop("exception_notes", None)  # Words too.
        return super().serialize(log)


def _told(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield f"{type(error).__module__}.{type(error).__qualname__}{_code(error)}"
        yield from _places(error.__traceback__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            yield "because of"


def _places(frames: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(frames):
        file = Path(frame.filename)
        name = file.relative_to(_PACKAGE) if file.is_relative_to(_PACKAGE) else file.name
        yield f"  {name}:{frame.lineno} {frame.name}"


def _code(error: BaseException) -> str:
    """Ours are made of codes; an error of AWS has one beside its message."""
    if isinstance(error, Unavailable):
        return f" {error}"
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f" {code}" if code else ""
