"""In-memory fakes of the registry of doctors and of its cache."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any

from local.registry import Registry
from referral_intake.core.errors import Unavailable
from referral_intake.lookup.matching import Match
from referral_intake.lookup.name_search import Query

RECORDS = Registry().records


def _already_set() -> Event:
    event = Event()
    event.set()
    return event


@dataclass
class FakeRegistry:
    """Returns all records for any query. Can wait for an event, or fail."""

    queries: list[Query] = field(default_factory=list)
    fails: Exception | None = None
    may_answer: Event = field(default_factory=_already_set)

    def search(self, query: Query) -> list[Any]:
        self.queries.append(query)
        self.may_answer.wait()
        if self.fails:
            raise self.fails
        return RECORDS


@dataclass
class FakeMatchCache:
    matches: dict[str, list[Match]] = field(default_factory=dict)
    fails: bool = False

    def get(self, key: str, now: datetime) -> list[Match] | None:
        if self.fails:
            raise Unavailable("ThrottlingException")
        return self.matches.get(key)

    def put(self, key: str, matches: list[Match], now: datetime) -> None:
        if self.fails:
            raise Unavailable("ThrottlingException")
        self.matches[key] = matches
