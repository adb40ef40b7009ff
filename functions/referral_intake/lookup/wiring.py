"""Settings and parts of the lookup function."""

import os
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from referral_intake.lookup.matching import Match
    from referral_intake.lookup.name_search import Query


class Registry(Protocol):
    def search(self, query: "Query") -> list[Any]: ...


class MatchCache(Protocol):
    def get(self, key: str, now: datetime) -> "list[Match] | None": ...
    def put(self, key: str, matches: "list[Match]", now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class LookupSettings(Settings):
    table_name: str
    registry_url: str


@dataclass(frozen=True, slots=True)
class LookupParts:
    registry: Registry
    cache: MatchCache


@cache
def parts() -> LookupParts:
    from referral_intake.aws import dynamodb
    from referral_intake.lookup.match_cache import MatchCache
    from referral_intake.lookup.npi_registry import NpiRegistry

    settings = LookupSettings.read(os.environ)
    return LookupParts(NpiRegistry(settings.registry_url), MatchCache(dynamodb.client(), settings.table_name))
