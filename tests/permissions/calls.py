"""Maps an AWS call to what IAM evaluates: actions, resources, and the context keys of conditions.

Source, for each service: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import parseaddr
from typing import Any

from samlocal.template.model import ACCOUNT, PARTITION, REGION, Template
from tests.permissions.policies import Request, Unsupported, request

Params = Mapping[str, Any]
Keys = Mapping[tuple[str, str | None], str]


class RequestMapper:
    """`keys` are the partition keys of tables and indexes. `names` maps names in a test to names in the template."""

    def __init__(self, keys: Keys, names: Mapping[str, str]) -> None:
        self._keys = keys
        self._names = names
        self._by_service: dict[str, Callable[[str, Params], Iterator[Request]]] = {
            "cognito-idp": self._cognito,
            "dynamodb": self._dynamodb,
            "events": self._events,
            "s3": self._s3,
            "secretsmanager": self._secrets,
            "sesv2": self._ses,
            "sqs": self._sqs,
        }

    def requests_for(self, service: str, operation: str, params: Params) -> list[Request]:
        """`service` is boto3's name. Raises Unsupported for a call that no function has made so far."""
        if service not in self._by_service:
            raise Unsupported(f"{service}: {operation}")
        return list(self._by_service[service](operation, params))

    def _named(self, name: str) -> str:
        return self._names.get(name, name)

    # ---- DynamoDB ----------------------------------------------------------------------------------------------------

    def _dynamodb(self, operation: str, params: Params) -> Iterator[Request]:
        match operation:
            case "TransactWriteItems":
                # Each part of a transaction is authorized separately.
                for part in params["TransactItems"]:
                    for kind, what in part.items():
                        yield self._of_item(_PARTS[kind], what)
            case "BatchGetItem":
                for table, wanted in params["RequestItems"].items():
                    keys = sorted({_kind(key["pk"]) for key in wanted["Keys"]})
                    yield request("dynamodb:BatchGetItem", _table(self._named(table)), dynamodb__LeadingKeys=keys)
            case "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem":
                yield self._of_item(operation, params)
            case "Query":
                yield self._query(params)
            case _:
                raise Unsupported(f"dynamodb: {operation}")

    def _of_item(self, operation: str, params: Params) -> Request:
        key = params["Item" if operation == "PutItem" else "Key"]
        return request(
            f"dynamodb:{operation}", _table(self._named(params["TableName"])), dynamodb__LeadingKeys=[_kind(key["pk"])]
        )

    def _query(self, params: Params) -> Request:
        table, index = self._named(params["TableName"]), params.get("IndexName")
        key_names = self._keys.get((table, index))
        names = params.get("ExpressionAttributeNames", {})
        for name, value in re.findall(r"(#?\w+)\s*=\s*(:\w+)", params["KeyConditionExpression"]):
            if names.get(name, name) == key_names:
                kind = _kind(params["ExpressionAttributeValues"][value])
                return request("dynamodb:Query", _table(table, index), dynamodb__LeadingKeys=[kind])
        raise Unsupported(f"dynamodb: a query without {key_names}")

    # ---- Other services ----------------------------------------------------------------------------------------------

    def _ses(self, operation: str, params: Params) -> Iterator[Request]:
        if operation == "GetAccount":
            yield request("ses:GetAccount", "*")
            return
        if operation != "SendEmail":
            raise Unsupported(f"ses: {operation}")
        sender = self._named(parseaddr(params["FromEmailAddress"])[1])
        # SES checks the configuration set and the sender's verified identity: the address or its domain. In the
        # sandbox, it also checks those of the recipients.
        recipients = [address for group in params["Destination"].values() for address in group]
        identities = [name for one in (sender, *recipients) for name in (one, one.partition("@")[2])]
        resources = [f"identity/{one}" for one in identities]
        for resource in (*resources, f"configuration-set/{self._named(params['ConfigurationSetName'])}"):
            yield request("ses:SendEmail", _arn("ses", resource), ses__FromAddress=[sender])

    def _s3(self, operation: str, params: Params) -> Iterator[Request]:
        if operation not in _ON_OBJECTS:
            raise Unsupported(f"s3: {operation}")
        yield request(
            f"s3:{_ON_OBJECTS[operation]}", f"arn:{PARTITION}:s3:::{self._named(params['Bucket'])}/{params['Key']}"
        )

    def _sqs(self, operation: str, params: Params) -> Iterator[Request]:
        yield request(f"sqs:{operation}", _arn("sqs", self._named(params["QueueUrl"]).rpartition("/")[2]))

    def _secrets(self, operation: str, params: Params) -> Iterator[Request]:
        yield request(f"secretsmanager:{operation}", self._named(params["SecretId"]))

    def _cognito(self, operation: str, params: Params) -> Iterator[Request]:
        yield request(f"cognito-idp:{operation}", _arn("cognito-idp", f"userpool/{self._named(params['UserPoolId'])}"))

    def _events(self, operation: str, params: Params) -> Iterator[Request]:
        if operation != "PutEvents":
            raise Unsupported(f"events: {operation}")
        for entry in params["Entries"]:
            bus = _arn("events", f"event-bus/{entry.get('EventBusName', 'default')}")
            context = {"events__source": [entry["Source"]], "events__detail_type": [entry["DetailType"]]}
            yield request("events:PutEvents", bus, **context)


_PARTS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_ON_OBJECTS = {
    "PutObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
}


def _kind(key: Mapping[str, str]) -> str:
    """The type of an item, such as `referral#`: policies check only this prefix."""
    kind, hash_sign, _ = key["S"].partition("#")
    return kind + hash_sign


def _table(name: str, index: str | None = None) -> str:
    return _arn("dynamodb", f"table/{name}/index/{index}" if index else f"table/{name}")


def _arn(service: str, resource: str) -> str:
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"


def partition_keys(template: Template) -> Iterator[tuple[tuple[str, str | None], str]]:
    for table in template.tables.values():
        definition: Any = table.definition
        yield (table.name, None), _hash_key(definition["KeySchema"])
        for index in definition.get("GlobalSecondaryIndexes", []):
            yield (table.name, index["IndexName"]), _hash_key(index["KeySchema"])


def _hash_key(schema: list[dict[str, str]]) -> str:
    return next(part["AttributeName"] for part in schema if part["KeyType"] == "HASH")
