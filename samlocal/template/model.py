"""What the local stack takes from the template, as plain values. Equal values need no restart after an edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from samlocal.template.cron import Cron

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Function:
    logical_id: str
    name: str
    handler: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    code: Path

    @property
    def short_name(self) -> str:
        """`intake` for `shop.intake.handler.handler`."""
        return next(part for part in reversed(self.handler.split(".")) if part != "handler")

    @property
    def arn(self) -> str:
        return f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A JWT authorizer of the HTTP API. `header` is where tokens come in; `scopes` are for routes that name none."""

    issuer: str
    audience: tuple[str, ...]
    header: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Without an authorizer, it is open to everybody. Of `scopes`, a token needs one."""

    method: str
    path: str
    function: str
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class StreamSource:
    """`table` and `on_failure` are logical ids. Without `max_retries`, a record is tried until it succeeds."""

    name: str
    function: str
    table: str
    batch_size: int
    window: float
    max_retries: int | None
    bisect: bool
    partial_failures: bool
    filters: tuple[str, ...]
    from_start: bool
    on_failure: str | None


@dataclass(frozen=True, slots=True)
class QueueSource:
    name: str
    function: str
    queue: str
    batch_size: int
    window: float
    partial_failures: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """At a fixed `period` in seconds, or by `cron`: then `period` is how often somebody looks whether it is time."""

    name: str
    function: str
    period: float
    input: str | None
    cron: Cron | None = None


EventSource = StreamSource | QueueSource | Schedule


@dataclass(frozen=True, slots=True)
class Table:
    """`definition` holds the arguments of CreateTable."""

    logical_id: str
    name: str
    definition: Mapping[str, Any]
    expires_by: str | None


@dataclass(frozen=True, slots=True)
class Queue:
    """`attributes` as CreateQueue takes them. `dead_letters` is the logical id of the queue it redrives to."""

    logical_id: str
    name: str
    arn: str
    attributes: Mapping[str, str]
    dead_letters: str | None


@dataclass(frozen=True, slots=True)
class Secret:
    logical_id: str
    name: str
    text: str | None
    generate: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class UserPoolClient:
    """Lifetimes are in seconds. Without rotation, a refresh token stays as it is."""

    id: str
    callbacks: tuple[str, ...]
    logouts: tuple[str, ...]
    scopes: tuple[str, ...]
    access_lifetime: int
    id_lifetime: int
    refresh_lifetime: int
    rotates: bool
    grace: int


@dataclass(frozen=True, slots=True)
class UserPool:
    id: str
    issuer: str
    name: str
    groups: tuple[str, ...]
    clients: tuple[UserPoolClient, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the default event bus. `pattern` is JSON; `queues` are the logical ids of its targets."""

    logical_id: str
    pattern: str
    queues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventDestination:
    """What SES tells the default event bus of messages sent with a configuration set. `kinds` as in the template."""

    configuration_set: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Template:
    functions: Mapping[str, Function]
    routes: tuple[Route, ...]
    sources: tuple[EventSource, ...]
    tables: Mapping[str, Table]
    queues: Mapping[str, Queue]
    secrets: Mapping[str, Secret]
    configuration_sets: frozenset[str]
    buckets: frozenset[str]
    rules: tuple[Rule, ...]
    event_destinations: tuple[EventDestination, ...]
    layers: tuple[Path, ...]
    outputs: Mapping[str, str]
    pools: tuple[UserPool, ...]
    site_headers: Mapping[str, str]
    headers_by_path: tuple[tuple[str, Mapping[str, str]], ...]
    origin_headers: tuple[tuple[str, str], ...] = ()

    @property
    def code_folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(function.code for function in self.functions.values()))

    def headers_of(self, path: str) -> Mapping[str, str]:
        """What the distribution adds to an answer: by the first pattern that fits."""
        found = (headers for pattern, headers in self.headers_by_path if fnmatchcase(path, pattern))
        return next(found, self.site_headers)
