"""One DynamoDB table. The functions send every request to DynamoDB through this module, which translates its errors.

Every method raises Unavailable when DynamoDB does not answer. An item is in DynamoDB's typed JSON.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from referral_intake.aws.error_translation import translate_errors
from referral_intake.aws.item_format import Item
from referral_intake.aws.update_expressions import Update
from referral_intake.core.errors import Conflict, Throttled, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The most keys that one BatchGetItem takes.
BATCH = 100
_MAX_ATTEMPTS = 6
_FIRST_PAUSE = 0.05

Failure = Mapping[str, Any]
"""Why one action of a transaction failed: `Code` (None or ConditionalCheckFailed), and the `Item` it was checked on."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Items and the read units they cost. The units are 0 if the engine does not report them.

    Pass `last_key` as ExclusiveStartKey to continue the query. It is None if there are no more items.
    """

    items: list[Item]
    units: float
    last_key: Item | None = None


class Table:
    def __init__(self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def get(self, key: Item, *, consistent: bool = False) -> Item | None:
        with translate_errors():
            return self._client.get_item(TableName=self._name, Key=key, ConsistentRead=consistent).get("Item")

    def read_many(
        self, keys: Sequence[Item], attributes: Sequence[str] = (), *, consistent: bool = False
    ) -> ReadResult:
        """Read the items that exist, in any order. Without `attributes`, read whole items."""
        names = {f"#{number}": name for number, name in enumerate(attributes)}
        request: dict[str, Any] = {"ConsistentRead": consistent}
        if names:
            request |= {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        found = [self._read_batch(keys[start : start + BATCH], request) for start in range(0, len(keys), BATCH)]
        return ReadResult([item for one in found for item in one.items], sum(one.units for one in found))

    def _read_batch(self, keys: Sequence[Item], request: Mapping[str, Any]) -> ReadResult:
        items: list[Item] = []
        units = 0.0
        for attempt in range(_MAX_ATTEMPTS):
            if attempt:
                self._sleep(_FIRST_PAUSE * 2 ** (attempt - 1))
            request_items: Any = {self._name: {**request, "Keys": keys}}
            with translate_errors():
                answer: Any = self._client.batch_get_item(RequestItems=request_items, ReturnConsumedCapacity="TOTAL")
            items += _member(answer, "Responses").get(self._name, [])
            units += sum(one["CapacityUnits"] for one in answer.get("ConsumedCapacity", []))
            keys = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not keys:
                return ReadResult(items, units)
        raise Unavailable("UnprocessedKeys")

    def query(self, **request: Any) -> ReadResult:
        """Read one page."""
        answer = self._query(request)
        units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
        return ReadResult(_member(answer, "Items"), units, answer.get("LastEvaluatedKey"))

    def query_all(self, **request: Any) -> Iterator[Item]:
        """Read all pages, each on demand."""
        page = self.query(**request)
        yield from page.items
        while page.last_key:
            page = self.query(**request, ExclusiveStartKey=page.last_key)
            yield from page.items

    def count(self, **request: Any) -> int:
        """Count the items of one page."""
        return int(_member(self._query({**request, "Select": "COUNT"}), "Count"))

    def _query(self, request: Mapping[str, Any]) -> Any:
        with translate_errors():
            return self._client.query(TableName=self._name, ReturnConsumedCapacity="TOTAL", **request)

    def put(self, item: Item) -> None:
        with translate_errors():
            self._client.put_item(TableName=self._name, Item=item)

    def put_new(self, item: Item, condition: str = "attribute_not_exists(pk)", **expressions: Any) -> Item | None:
        """Store the item if its key is new, or another condition is met. Otherwise return the existing item."""
        with translate_errors():
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=item,
                    ConditionExpression=condition,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **expressions,
                )
            except self._client.exceptions.ConditionalCheckFailedException as failed:
                existing: Item = failed.response["Item"]  # type: ignore[typeddict-item]
                return existing
        return None

    def update(self, update: Update) -> bool:
        """Write the update if its condition is met. Return whether it was."""
        return self._update(update.request) is not None

    def update_and_get(self, update: Update) -> Item | None:
        """Write the update if its condition is met. Return the updated item, or None if the condition failed."""
        answer = self._update({**update.request, "ReturnValues": "ALL_NEW"})
        return None if answer is None else _member(answer, "Attributes")

    def _update(self, request: Mapping[str, Any]) -> Any:
        with translate_errors():
            try:
                return self._client.update_item(TableName=self._name, **request)
            except self._client.exceptions.ConditionalCheckFailedException:
                return None

    def delete(self, key: Item) -> None:
        with translate_errors():
            self._client.delete_item(TableName=self._name, Key=key)

    def transact(
        self,
        *,
        updates: Iterable[Update] = (),
        checks: Iterable[Update] = (),
        puts: Iterable[Item] = (),
        deletes: Iterable[Item] = (),
    ) -> Sequence[Failure]:
        """Write everything if every condition is met. Otherwise write nothing and return all failures in order.

        Raise Conflict if another request writes the same items, Throttled if DynamoDB is too busy.
        """
        actions: list[Any] = [{"Update": self._with_failure_details(update)} for update in updates]
        actions += [{"ConditionCheck": self._with_failure_details(check)} for check in checks]
        actions += [{"Put": {"TableName": self._name, "Item": item}} for item in puts]
        actions += [{"Delete": {"TableName": self._name, "Key": key}} for key in deletes]
        with translate_errors():
            try:
                self._client.transact_write_items(TransactItems=actions)
            except self._client.exceptions.TransactionCanceledException as canceled:
                return _failures(canceled)
        return []

    def _with_failure_details(self, update: Update) -> dict[str, Any]:
        return {"TableName": self._name, **update.request, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


_RETRYABLE: Mapping[str, type[Unavailable]] = {
    "ProvisionedThroughputExceeded": Throttled,
    "ThrottlingError": Throttled,
    "TransactionConflict": Conflict,
}


def _failures(canceled: ClientError) -> Sequence[Failure]:
    reasons = canceled.response["CancellationReasons"]
    # If there is also a conflict or a throttle, the failed conditions may be outdated, so they are not returned.
    for code in sorted({str(reason.get("Code")) for reason in reasons} - {"None", "ConditionalCheckFailed"}):
        raise _RETRYABLE.get(code, Unavailable)(code) from canceled
    return [dict(reason) for reason in reasons]


def _member(answer: Mapping[str, Any], name: str) -> Any:
    """Return a member that every answer has. botocore parses an unreadable answer as an empty one."""
    if name not in answer:
        raise Unavailable(f"no {name} in the response")
    return answer[name]
