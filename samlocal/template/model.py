"""Define the parts of the template that the local stack uses.

The values are comparable, so that an edit restarts only the parts that differ.
"""

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
        """Return the name for the log, for example `intake` for `shop.intake.handler.handler`."""
        return next(part for part in reversed(self.handler.split(".")) if part != "handler")

    @property
    def arn(self) -> str:
        return f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A JWT authorizer of an HTTP API. `header` contains the token. `scopes` apply to routes that name none."""

    issuer: str
    audience: tuple[str, ...]
    header: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A route of an HTTP API. Without an authorizer, it is public. A token must have at least one of the `scopes`."""

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
    """A stream as an event source.

    `table` and `on_failure` are logical ids, `window` is in seconds. Without `max_retries`, a record is retried until
    it succeeds.
    """

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
    """A schedule with a fixed `period` in seconds, or with `cron`. With `cron`, `period` is the interval of checks."""

    name: str
    function: str
    period: float
    input: str | None
    cron: Cron | None = None


EventSource = StreamSource | QueueSource | Schedule


@dataclass(frozen=True, slots=True)
class Table:
    """A table. `definition` contains arguments of CreateTable. `expires_by` is the attribute for time to live."""

    logical_id: str
    name: str
    definition: Mapping[str, Any]
    expires_by: str | None


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. `attributes` are those of CreateQueue. `dead_letters` is the logical id of the dead-letter queue."""

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
    """A client of a user pool. Lifetimes and `grace` are in seconds. `rotates` enables refresh token rotation."""

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
    """The types of events that SES publishes to the default event bus for a configuration set, in upper case."""

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
        """Return the headers that CloudFront adds to a response, by the first path pattern that matches."""
        found = (headers for pattern, headers in self.headers_by_path if fnmatchcase(path, pattern))
        return next(found, self.site_headers)
