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


class Signatures(Protocol):
    def sign(self, match: "Match") -> str: ...


@dataclass(frozen=True, slots=True)
class LookupSettings(Settings):
    table_name: str
    registry_url: str
    hashing_keys_secret: str


@dataclass(frozen=True, slots=True)
class LookupParts:
    registry: Registry
    cache: MatchCache
    signatures: Signatures


@cache
def parts() -> LookupParts:
    from referral_intake.aws import dynamodb, shared_wiring
    from referral_intake.aws.registry_signatures import RegistrySignatures
    from referral_intake.lookup.match_cache import MatchCache
    from referral_intake.lookup.npi_registry import NpiRegistry

    settings = LookupSettings.read(os.environ)
    return LookupParts(
        registry=NpiRegistry(settings.registry_url),
        cache=MatchCache(dynamodb.client(), settings.table_name),
        signatures=RegistrySignatures(shared_wiring.ring(settings.hashing_keys_secret)),
    )
