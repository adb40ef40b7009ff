"""Define the result of a check."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a check. `todo` says what the user has to do; it is empty if no action is needed."""

    level: Level
    text: str
    todo: str = ""


def ok(text: str) -> Result:
    return Result(Level.OK, text)


def warning(text: str, todo: str) -> Result:
    return Result(Level.WARNING, text, todo)


def failure(text: str, todo: str) -> Result:
    return Result(Level.FAILURE, text, todo)


def skipped(why: str) -> Result:
    return Result(Level.SKIPPED, why)
