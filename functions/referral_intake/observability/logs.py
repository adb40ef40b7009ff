"""Logs as JSON lines. They contain ids, never data or an exception's message, because a message can quote any text."""

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
    """Return the logger of a function. POWERTOOLS_LOG_LEVEL sets its level."""
    # The structured stack trace of Powertools repeats the exception's message.
    return Logger(logger_formatter=_WithoutMessageFormatter(serialize_stacktrace=False))


@contextmanager
def log_context(logger: Logger, **ids: str | None) -> Iterator[None]:
    """Add these ids to every log line within the block. Leave out None."""
    given = {name: value for name, value in ids.items() if value}
    # Appended to the context, not the logger: on one machine, functions that run concurrently share the logger.
    logger.thread_safe_append_keys(**given)
    try:
        yield
    finally:
        logger.thread_safe_remove_keys(given)


class HandlerError(Exception):
    """Makes Lambda retry. Lambda logs the message, so it is only the name of the original exception's type."""


@contextmanager
def without_message(logger: Logger) -> Iterator[None]:
    """Log an exception that leaves a handler, and raise HandlerError instead, without the original message."""
    try:
        yield
    except Exception as error:
        logger.exception("function failed")
        raise HandlerError(type(error).__name__) from None


class _WithoutMessageFormatter(LambdaPowertoolsFormatter):
    """Format an exception as its type, its place in the code, and its code if it has one, but without its message."""

    # The signature is that of logging. The one in Powertools is untyped.
    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(_describe_chain(ei[1]))

    def serialize(self, log: Any) -> str:
        log.pop("exception_notes", None)  # Notes can also quote any text.
        return super().serialize(log)


def _describe_chain(error: BaseException | None) -> Iterator[str]:
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
    """Return the code of an error: the message of Unavailable is always a code, and an error of AWS has one."""
    if isinstance(error, Unavailable):
        return f" {error}"
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return f" {code}" if code else ""
