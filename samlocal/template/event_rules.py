"""Read the rules of the default event bus, and the event destinations of SES, from the template."""

import json
from collections.abc import Collection

from samlocal.template.function_events import Arns
from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import ACCOUNT, PARTITION, REGION, EventDestination, Rule
from samlocal.template.properties import Properties

DEFAULT_BUS = f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:event-bus/default"


def rule(name: str, properties: Properties, arns: Arns, queues: Collection[str]) -> Rule | None:
    """Return the rule, or None if it is disabled. `queues` are the logical ids of possible targets."""
    pattern = properties.take("EventPattern")
    targets = properties.take("Targets", default=[])
    enabled = properties.take("State", default="ENABLED") != "DISABLED"
    _expect_default_bus(properties.take("EventBusName", default="default"), name)
    properties.drop("Description", "Name")
    properties.expect_nothing_more()
    found = tuple(_queue(target, name, arns, queues) for target in targets)
    return Rule(name, json.dumps(pattern), found) if enabled else None


def _queue(target: dict[str, object], where: str, arns: Arns, queues: Collection[str]) -> str:
    # Delivery to a local queue does not fail, so DeadLetterConfig and RetryPolicy are ignored.
    unknown = target.keys() - {"Id", "Arn", "DeadLetterConfig", "RetryPolicy"}
    if unknown:
        raise TemplateError(f"{where}: the local stack does not support {', '.join(sorted(unknown))} of a target")
    queue = arns.logical_id(str(target.get("Arn")), where)
    if queue not in queues:
        raise TemplateError(f"{where}: the local stack supports only queues as targets, not {queue}")
    return queue


def event_destination(properties: Properties) -> EventDestination | None:
    """Return the event destination, or None if it is disabled."""
    configuration_set = properties.take("ConfigurationSetName")
    destination = properties.take("EventDestination")
    properties.expect_nothing_more()
    others = destination.keys() - {"Enabled", "EventBridgeDestination", "MatchingEventTypes", "Name"}
    if others or "EventBridgeDestination" not in destination:
        raise TemplateError(f"{properties.where}: the local SES publishes only to EventBridge")
    _expect_default_bus(destination["EventBridgeDestination"]["EventBusArn"], properties.where)
    kinds = frozenset(kind.upper() for kind in destination["MatchingEventTypes"])
    return EventDestination(configuration_set, kinds) if destination.get("Enabled", True) else None


def _expect_default_bus(bus: str, where: str) -> None:
    if bus not in {"default", DEFAULT_BUS}:
        raise TemplateError(f"{where}: the local stack supports only the default event bus, not {bus}")
