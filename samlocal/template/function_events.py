"""Read the SAM property `Events` of functions: routes and event sources."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from samlocal.template import cron
from samlocal.template.authorizers import Authorizers
from samlocal.template.intrinsics import Resolver, TemplateError
from samlocal.template.model import EventSource, QueueSource, Route, Schedule, StreamSource
from samlocal.template.properties import Properties

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}


class Arns:
    """Maps ARNs to the logical ids of resources."""

    def __init__(self, identities: Mapping[str, str]) -> None:
        self._ids = {arn: name.partition(".")[0] for name, arn in identities.items()}

    def logical_id(self, arn: str, where: str) -> str:
        if arn not in self._ids:
            raise TemplateError(f"{where}: {arn} is not a resource of this template")
        return self._ids[arn]


def read(
    function: str, events: Mapping[str, Any], resolver: Resolver, arns: Arns, apis: Mapping[str, Authorizers]
) -> list[Route | EventSource]:
    """Return the enabled routes and event sources of one function. `apis` maps resolved ApiIds to authorizers."""
    found: list[Route | EventSource] = []
    for event_id, event in events.items():
        where = f"{function}.{event_id}"
        kind = event.get("Type")
        if kind != "HttpApi" and kind not in _READERS:
            raise TemplateError(f"{where}: the local stack does not support events of type {kind}")
        properties = Properties(event.get("Properties"), resolver, where)
        enabled = properties.take("Enabled", default=True)
        source = _route(function, properties, apis) if kind == "HttpApi" else _READERS[kind](function, properties, arns)
        properties.expect_nothing_more()
        if enabled:
            found.append(source)
    return found


def _route(function: str, properties: Properties, apis: Mapping[str, Authorizers]) -> Route:
    if properties.take("PayloadFormatVersion", default="2.0") != "2.0":
        raise TemplateError(f"{properties.where}: the local stack supports only payload format 2.0")
    api = apis.get(properties.take("ApiId", default=""), Authorizers())
    method, path = properties.take("Method").upper(), properties.take("Path")
    return Route(method, path, function, *api.of_route(properties.take("Auth", default={}), properties.where))


def _stream(function: str, properties: Properties, arns: Arns) -> StreamSource:
    retries = int(properties.take("MaximumRetryAttempts", default=-1))
    destination = properties.take("DestinationConfig", default={}).get("OnFailure", {}).get("Destination")
    # Ignored, because parallel batches of a shard change only the speed.
    properties.drop("ParallelizationFactor")
    return StreamSource(
        name=properties.where,
        function=function,
        table=arns.logical_id(properties.take("Stream"), properties.where),
        batch_size=int(properties.take("BatchSize", default=100)),
        window=float(properties.take("MaximumBatchingWindowInSeconds", default=0)),
        max_retries=None if retries < 0 else retries,
        bisect=bool(properties.take("BisectBatchOnFunctionError", default=False)),
        partial_failures=_partial_failures(properties),
        filters=_filters(properties),
        from_start=properties.take("StartingPosition") == "TRIM_HORIZON",
        on_failure=arns.logical_id(destination, properties.where) if destination else None,
    )


def _queue(function: str, properties: Properties, arns: Arns) -> QueueSource:
    # Ignored, because one poller never runs more than one invocation at a time.
    properties.drop("ScalingConfig")
    return QueueSource(
        name=properties.where,
        function=function,
        queue=arns.logical_id(properties.take("Queue"), properties.where),
        batch_size=int(properties.take("BatchSize", default=10)),
        window=float(properties.take("MaximumBatchingWindowInSeconds", default=0)),
        partial_failures=_partial_failures(properties),
    )


def _schedule(function: str, properties: Properties, _: Arns) -> Schedule:
    expression, sent = properties.take("ScheduleExpression"), properties.take("Input", default=None)
    zone = properties.take("ScheduleExpressionTimezone", default="UTC")
    # RetryPolicy is ignored: locally, a failed run is not retried before the next one is due.
    properties.drop("Description", "FlexibleTimeWindow", "Name", "OmitName", "RetryPolicy")
    if rate := _RATE.fullmatch(expression):
        return Schedule(properties.where, function, int(rate[1]) * _SECONDS[rate[2]], sent)
    try:
        return Schedule(properties.where, function, _SECONDS["minute"], sent, cron.read(expression, zone))
    except ValueError as error:
        raise TemplateError(f"{properties.where}: {error}") from error


def _partial_failures(properties: Properties) -> bool:
    return "ReportBatchItemFailures" in properties.take("FunctionResponseTypes", default=[])


def _filters(properties: Properties) -> tuple[str, ...]:
    patterns = [item["Pattern"] for item in properties.take("FilterCriteria", default={}).get("Filters", [])]
    for pattern in patterns:
        try:
            json.loads(pattern)
        except ValueError as error:
            raise TemplateError(f"{properties.where}: the filter {pattern} is not JSON: {error}") from error
    return tuple(patterns)


_Reader = Callable[[str, Properties, Arns], EventSource]
_READERS: dict[str, _Reader] = {"DynamoDB": _stream, "SQS": _queue, "ScheduleV2": _schedule}
