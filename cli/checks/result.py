"""The result of a check."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """`todo` says what to do; it is empty if nothing is to be done."""

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
