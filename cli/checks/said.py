"""What a check says: how it stands, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Said:
    """`todo` is empty where nothing is to be done."""

    level: Level
    text: str
    todo: str = ""


def ok(text: str) -> Said:
    return Said(Level.OK, text)


def warning(text: str, todo: str) -> Said:
    return Said(Level.WARNING, text, todo)


def failure(text: str, todo: str) -> Said:
    return Said(Level.FAILURE, text, todo)


def skipped(why: str) -> Said:
    return Said(Level.SKIPPED, why)
