"""Measure billed capacity units of DynamoDB, with corrections where DynamoDB Local reports less than AWS bills."""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}
Image = Mapping[str, Any] | None
Before = tuple[str, Mapping[str, Any], Image]
"""A table, a key, and the item before a transaction."""


@dataclass(slots=True)
class Bill:
    """The usage of one referral. `runs` are invocations by function, `requests` those of the HTTP API."""

    writes: float = 0
    reads: float = 0
    mails: int = 0
    events: int = 0
    requests: int = 0
    log_bytes: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    by_operation: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class Meter:
    """Adds up the consumed capacity of all DynamoDB calls of this process."""

    def __init__(self) -> None:
        self.bill = Bill()
        self._transactions = Transactions()

    def watch(self, session: boto3.Session) -> None:
        # The value that this handler returns replaces the parameters, which the type stubs do not declare.
        session.events.register("provide-client-params.dynamodb", self._ask)  # type: ignore[arg-type]
        session.events.register("after-call.dynamodb", self._add)

    def _ask(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> dict[str, Any] | None:
        # botocore passes the same context to the handlers before and after a call.
        context["asked"] = params
        if model.name == "TransactWriteItems":
            context["before"] = self._transactions.images(params["TransactItems"])
        takes = "ReturnConsumedCapacity" in model.input_shape.members
        return {**params, "ReturnConsumedCapacity": "TOTAL"} if takes else None

    def _add(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        units = self._units(parsed, model.name, context)
        if model.name in READS:
            self.bill.reads += units
        else:
            self.bill.writes += units
        self.bill.by_operation[model.name] += units

    def _units(self, parsed: dict[str, Any], operation: str, context: dict[str, Any]) -> float:
        if operation == "TransactWriteItems":
            return self._transactions.cost(context["before"])
        consumed = parsed.get("ConsumedCapacity", [])
        units: float = sum(one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed]))
        if operation == "BatchGetItem":
            return units + self._missing(parsed, context["asked"])
        # DynamoDB Local reports 0 for a query without results, which AWS bills with 0.5.
        return max(units, 0.5) if operation == "Query" else units

    def _missing(self, parsed: dict[str, Any], asked_for: dict[str, Any]) -> float:
        """Return the read units of missing items, which AWS bills and DynamoDB Local does not report.

        See awslabs/amazon-dynamodb-local-samples issue 7.
        """
        units = 0.0
        for table, asked in asked_for["RequestItems"].items():
            missing = len(asked["Keys"]) - len(parsed.get("Responses", {}).get(table, []))
            units += missing * (1 if asked.get("ConsistentRead") else 0.5)
        return units


class Transactions:
    """Measures write units of transactions. AWS bills the write of each item twice, and the writes of its indexes once.

    DynamoDB Local reports the same for ten items as for one (awslabs/amazon-dynamodb-local-samples issue 31). So each
    change is repeated as a single write on a copy of the table, whose consumption is counted. A canceled transaction
    changes nothing but is billed too. For indexes, see nubo-db/dynoxide pull request 188, which measured on AWS.
    """

    def __init__(self) -> None:
        self._copies: dict[str, str] = {}
        self._own_client: DynamoDBClient | None = None

    def images(self, actions: Sequence[Mapping[str, Any]]) -> list[Before]:
        """Return the current state of each item that the transaction names."""
        return [(table, key, self._image(table, key)) for table, key in map(self._target, actions)]

    def cost(self, items: Sequence[Before]) -> float:
        """Return the write units of a completed transaction. `items` are its items with their state before it."""
        return sum(self._cost(table, key, before) for table, key, before in items)

    def _target(self, action: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        (one,) = action.values()
        key = one["Key"] if "Key" in one else {name: one["Item"][name] for name in ("pk", "sk")}
        return one["TableName"], key

    def _cost(self, table: str, key: Mapping[str, Any], before: Image) -> float:
        copy, after = self._copy(table), self._image(table, key)
        if before:
            self._client.put_item(TableName=copy, Item=before)
        if after:
            used = self._client.put_item(TableName=copy, Item=after, ReturnConsumedCapacity="INDEXES")
        else:
            used = self._client.delete_item(TableName=copy, Key=key, ReturnConsumedCapacity="INDEXES")
        consumed = used["ConsumedCapacity"]
        return consumed["CapacityUnits"] + consumed["Table"]["CapacityUnits"]

    def _image(self, table: str, key: Mapping[str, Any]) -> Image:
        return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")

    def _copy(self, table: str) -> str:
        if table not in self._copies:
            found: Any = self._client.describe_table(TableName=table)["Table"]
            parts = ("IndexName", "KeySchema", "Projection")
            indexes = [{part: index[part] for part in parts} for index in found.get("GlobalSecondaryIndexes", [])]
            self._copies[table] = f"{table}-copy"
            copied = {part: found[part] for part in ("KeySchema", "AttributeDefinitions")}
            copied |= {"GlobalSecondaryIndexes": indexes} if indexes else {}
            self._client.create_table(TableName=self._copies[table], BillingMode="PAY_PER_REQUEST", **copied)
        return self._copies[table]

    @property
    def _client(self) -> "DynamoDBClient":
        # A separate session, so that the meter does not count these calls.
        if self._own_client is None:
            endpoint = os.environ["AWS_ENDPOINT_URL_DYNAMODB"]
            self._own_client = boto3.Session().client("dynamodb", endpoint_url=endpoint)
        return self._own_client
