"""Read a SAM template for the local stack.

Resources without a local counterpart are ignored, such as roles, log groups, alarms, and CloudFront except its headers.
A reference to one of them from a resource that runs locally raises TemplateError.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from samlocal.template import (
    authorizers,
    event_rules,
    function_events,
    nested_stacks,
    origin_headers,
    references,
    response_headers,
    user_pools,
)
from samlocal.template.authorizers import Authorizers
from samlocal.template.intrinsics import Resolver, TemplateError
from samlocal.template.model import EventDestination, Function, Queue, Route, Rule, Secret, Table, Template, UserPool
from samlocal.template.properties import Properties
from samlocal.template.references import Places


def load(file: Path, parameters: Mapping[str, str], places: Places) -> Template:
    """Read the template. Raise TemplateError if it is invalid or uses features that are not supported."""
    data = nested_stacks.read(file)
    known = references.pseudo_parameters(places.stack_name) | references.parameters(
        data.get("Parameters") or {}, parameters
    )
    return _Reader(file.parent, data, known, references.of_resources(data["Resources"], known, places)).template()


class _Reader:
    def __init__(self, folder: Path, data: Mapping[str, Any], known: Mapping[str, str], ids: Mapping[str, str]) -> None:
        self._folder = folder
        self._resources: Mapping[str, Any] = data["Resources"]
        self._declared_outputs: Mapping[str, Any] = data.get("Outputs") or {}
        every = data.get("Globals") or {}
        self._globals = every.get("Function") or {}
        self._api_globals = every.get("HttpApi") or {}
        self._ids = ids
        self._arns = function_events.Arns(ids)
        self._resolver = Resolver({**known, **ids}, data.get("Conditions"))

    def template(self) -> Template:
        functions = {name: self._function(name, found) for name, found in self._of("AWS::Serverless::Function")}
        self._apis = self._authorizers()
        events = [event for name, _ in self._of("AWS::Serverless::Function") for event in self._events(name)]
        headers, by_path = response_headers.of_paths(self._of_type("AWS::CloudFront::Distribution"), self._policies())
        return Template(
            functions=functions,
            routes=tuple(event for event in events if isinstance(event, Route)),
            sources=tuple(event for event in events if not isinstance(event, Route)),
            tables={name: self._table(name, found) for name, found in self._of("AWS::DynamoDB::Table")},
            queues={name: self._queue(name, found) for name, found in self._of("AWS::SQS::Queue")},
            secrets={name: self._secret(name, found) for name, found in self._of("AWS::SecretsManager::Secret")},
            configuration_sets=frozenset(self._ids[name] for name, _ in self._of("AWS::SES::ConfigurationSet")),
            buckets=frozenset(self._ids[name] for name, _ in self._of("AWS::S3::Bucket")),
            rules=tuple(self._rules()),
            event_destinations=tuple(self._event_destinations()),
            layers=tuple(self._layers().values()),
            outputs=dict(self._outputs()),
            pools=tuple(self._pools()),
            site_headers=headers,
            headers_by_path=by_path,
            origin_headers=origin_headers.headers(self._of_type("AWS::CloudFront::Distribution"), self._resolver),
        )

    def _of(self, kind: str) -> Iterator[tuple[str, Properties]]:
        for name, resource in self._resources.items():
            if resource.get("Type") == kind:
                if "Condition" in resource:
                    raise TemplateError(f"{name}: the local stack does not support conditions")
                own = resource.get("Properties") or {}
                merged = _merged(self._globals, own) if kind == "AWS::Serverless::Function" else own
                yield name, Properties(merged, self._resolver, name)

    def _of_type(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the properties of all resources of a type, without resolving them."""
        return [found.get("Properties") or {} for found in self._resources.values() if found.get("Type") == kind]

    def _function(self, name: str, properties: Properties) -> Function:
        layers = properties.take("Layers", default=[])
        variables = properties.take("Environment", default={}).get("Variables", {})
        return Function(
            logical_id=name,
            name=self._ids[name],
            handler=properties.take("Handler"),
            timeout=float(properties.take("Timeout", default=3)),
            memory=int(properties.take("MemorySize", default=128)),
            environment={key: self._as_mounted(str(value), layers, name) for key, value in variables.items()},
            code=(self._folder / properties.take("CodeUri")).resolve(),
        )

    def _events(self, name: str) -> list[Any]:
        events = (self._resources[name].get("Properties") or {}).get("Events") or {}
        return list(function_events.read(name, events, self._resolver, self._arns, self._apis))

    def _rules(self) -> Iterator[Rule]:
        queues = {name for name, _ in self._of("AWS::SQS::Queue")}
        for name, found in self._of("AWS::Events::Rule"):
            if rule := event_rules.rule(name, found, self._arns, queues):
                yield rule

    def _event_destinations(self) -> Iterator[EventDestination]:
        for _, found in self._of("AWS::SES::ConfigurationSetEventDestination"):
            if destination := event_rules.event_destination(found):
                yield destination

    def _outputs(self) -> Iterator[tuple[str, str]]:
        for name, output in self._declared_outputs.items():
            # Outputs of resources without a local counterpart are omitted.
            with suppress(TemplateError):
                yield name, str(self._resolver.resolve(output["Value"], name))

    def _policies(self) -> dict[str, dict[str, str]]:
        policies = self._of("AWS::CloudFront::ResponseHeadersPolicy")
        return {name: response_headers.read(found) for name, found in policies}

    def _authorizers(self) -> dict[str, Authorizers]:
        """Return the authorizers by resolved ApiId. An empty ApiId stands for the implicit API of SAM."""
        added = Properties(self._api_globals, self._resolver, "Globals.HttpApi")
        apis = {self._ids[name]: authorizers.read(api) for name, api in self._of("AWS::Serverless::HttpApi")}
        return {"": authorizers.read(added), **apis}

    def _pools(self) -> Iterator[UserPool]:
        groups = [group for _, group in self._of("AWS::Cognito::UserPoolGroup")]
        clients = [(self._ids[name], client) for name, client in self._of("AWS::Cognito::UserPoolClient")]
        named = [user_pools.group(group) for group in groups]
        known = [user_pools.client(client_id, client) for client_id, client in clients]
        for name, pool in self._of("AWS::Cognito::UserPool"):
            yield user_pools.pool(self._ids[name], self._ids[f"{name}.ProviderURL"], pool, named, known)

    def _as_mounted(self, value: str, layers: list[str], where: str) -> str:
        """Replace /opt, to which Lambda unpacks layers, with the folder of the layer."""
        if value != "/opt" and not value.startswith("/opt/"):
            return value
        known = self._layers()
        folders = [known[layer] for layer in layers if layer in known]
        if len(folders) != 1:
            raise TemplateError(f"{where}: {value} needs exactly one layer of files, not {len(folders)}")
        return str(folders[0] / value.removeprefix("/opt").lstrip("/"))

    def _layers(self) -> dict[str, Path]:
        """Return the folders of layers that contain files. Layers with a BuildMethod are Python packages.

        These packages must be installed locally, like all others.
        """
        return {
            self._ids[name]: (self._folder / layer.take("ContentUri")).resolve()
            for name, layer in self._of("AWS::Serverless::LayerVersion")
            if "BuildMethod" not in (self._resources[name].get("Metadata") or {})
        }

    def _table(self, name: str, properties: Properties) -> Table:
        taken = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        definition = {key: value for key in taken if (value := properties.take(key, default=None)) is not None}
        stream = properties.take("StreamSpecification", default=None)
        if stream:
            definition["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream["StreamViewType"]}
        expiry = properties.take("TimeToLiveSpecification", default={})
        return Table(
            logical_id=name,
            name=self._ids[name],
            definition={"BillingMode": "PAY_PER_REQUEST", **definition},
            expires_by=expiry.get("AttributeName") if expiry.get("Enabled") else None,
        )

    def _queue(self, name: str, properties: Properties) -> Queue:
        taken = ["ContentBasedDeduplication", "DelaySeconds", "FifoQueue"]
        taken += ["MessageRetentionPeriod", "VisibilityTimeout"]
        values = {key: value for key in taken if (value := properties.take(key, default=None)) is not None}
        attributes = {key: str(value).lower() for key, value in values.items()}
        redrive = properties.take("RedrivePolicy", default=None)
        if redrive:
            attributes["RedrivePolicy"] = json.dumps(redrive)
        dead_letters = self._arns.logical_id(redrive["deadLetterTargetArn"], name) if redrive else None
        return Queue(name, self._ids[f"{name}.QueueName"], self._ids[f"{name}.Arn"], attributes, dead_letters)

    def _secret(self, name: str, properties: Properties) -> Secret:
        text = properties.take("SecretString", default=None)
        generate = properties.take("GenerateSecretString", default=None)
        return Secret(name, self._ids[name].rpartition(":")[2], text, generate)


def _merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge as SAM merges Globals: maps by key, lists by concatenation. For other values, that of the function wins."""
    merged = {**common, **own}
    for name in common.keys() & own.keys():
        if isinstance(common[name], dict) and isinstance(own[name], dict):
            merged[name] = _merged(common[name], own[name])
        elif isinstance(common[name], list) and isinstance(own[name], list):
            merged[name] = [*common[name], *own[name]]
    return merged
