"""Changes of moto 5.2.5, as they could be proposed to moto.

- `DynamoDBBackend.transact_write_items` copies each table with its whole stream, once per action. If the transaction
  is canceled, the copy replaces the table, and shard iterators then read a stream that receives no more records. Here
  a canceled transaction restores the items that it changed.
- `Table.query` sorts the whole table before it looks at the hash key. Here it sees only the items with that key.
- `DynamoDBStreamsBackend` fails with a KeyError or an assertion for a deleted iterator or a trimmed position. Here it
  returns the errors of DynamoDB.

tests/unit/samlocal/test_moto_fixes.py fails when moto changes these methods. Then compare, and update or delete this
module.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.core.exceptions import ServiceException
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend, ShardIterator

_MOST_ACTIONS = 100
_WRITES = {"ConditionCheck", "Put", "Delete", "Update"}
_query_of_moto = Table.query
_get_records_of_moto = DynamoDBStreamsBackend.get_records
_get_shard_iterator_of_moto = DynamoDBStreamsBackend.get_shard_iterator


# ---- Transactions ----------------------------------------------------------------------------------------------------


class _ConditionFailed(Exception):
    """The condition of an action is not met. `item` is the stored item, if the action asks for it."""

    def __init__(self, item: dict[str, Any] | None) -> None:
        super().__init__()
        self.item = item


class _Restore:
    """Remembers items and lengths of streams before a transaction changes them."""

    def __init__(self) -> None:
        self._items: list[tuple[Table, DynamoType, DynamoType | None, Item | None]] = []
        self._streams: dict[int, tuple[StreamShard, int]] = {}

    def remember(self, table: Table, key: Mapping[str, Any]) -> None:
        hash_key = DynamoType(key[table.hash_key_attr])
        range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
        # A copy, because moto updates items in place.
        self._items.append((table, hash_key, range_key, copy.deepcopy(_stored(table, hash_key, range_key))))
        if shard := table.stream_shard:
            self._streams.setdefault(id(shard), (shard, len(shard.items)))

    def restore(self) -> None:
        for table, hash_key, range_key, item in self._items:
            group: Any = table.items[hash_key] if range_key else table.items
            if item is None:
                group.pop(range_key or hash_key, None)
            else:
                group[range_key or hash_key] = item
            if range_key and not group:
                del table.items[hash_key]
        for shard, length in self._streams.values():
            del shard.items[length:]


def _stored(table: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
    found: Any = table.items.get(hash_key)
    if found is None or range_key is None:
        return found  # type: ignore[no-any-return]
    return found.get(range_key)  # type: ignore[no-any-return]


def _transact_write_items(backend: DynamoDBBackend, transact_items: Sequence[Mapping[str, Any]]) -> None:
    if len(transact_items) > _MOST_ACTIONS:
        raise TooManyTransactionsException
    before, keys = _Restore(), set[tuple[str, str]]()
    errors: list[tuple[str | None, str | None, dict[str, Any] | None]] = []
    for item in transact_items:
        if len(item) > 1:
            before.restore()
            raise TransactWriteSingleOpException()
        ((kind, action),) = item.items()
        try:
            _write(backend, kind, action, before, keys)
            errors.append((None, None, None))
        except (MultipleTransactionsException, MockValidationException):
            before.restore()
            raise
        except _ConditionFailed as error:
            errors.append(("ConditionalCheckFailed", ConditionalCheckFailed().message, error.item))
        except Exception as error:  # noqa: BLE001  # moto reports each error as a reason of the cancellation
            errors.append((type(error).__name__, str(error), None))
    if any(code for code, _, _ in errors):
        before.restore()
        raise TransactionCanceledException(errors)


def _write(
    backend: DynamoDBBackend, kind: str, action: Mapping[str, Any], before: _Restore, keys: set[tuple[str, str]]
) -> None:
    if kind not in _WRITES:
        raise ValueError("Unsupported transaction operation")
    name, table = action["TableName"], backend.get_table(action["TableName"])
    key = _key(table, action["Item"]) if kind == "Put" else action["Key"]
    target = (str(name), str(dict(sorted(key.items()))))
    if target in keys:
        raise MultipleTransactionsException
    keys.add(target)
    _check(backend.get_item(name, key), action)
    before.remember(table, key)
    conditions: dict[str, Any] = {
        "condition_expression": action.get("ConditionExpression"),
        "expression_attribute_names": action.get("ExpressionAttributeNames"),
        "expression_attribute_values": action.get("ExpressionAttributeValues"),
    }
    if kind == "Put":
        backend.put_item(name, action["Item"], **conditions)
    elif kind == "Delete":
        backend.delete_item(name, key, **conditions)
    elif kind == "Update":
        backend.update_item(name, key, update_expression=action["UpdateExpression"], **conditions)


def _key(table: Table, item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in (table.hash_key_attr, table.range_key_attr) if name}


def _check(current: Item | None, action: Mapping[str, Any]) -> None:
    expression = action.get("ConditionExpression")
    if expression is None:
        return
    names, values = action.get("ExpressionAttributeNames"), action.get("ExpressionAttributeValues")
    if not get_filter_expression(expression, names, values).expr(current):
        is_returned = action.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        raise _ConditionFailed(current.to_json()["Attributes"] if is_returned and current else None)


# ---- Queries ---------------------------------------------------------------------------------------------------------


def _query(
    table: Table, hash_key: DynamoType, comparison: str | None, bounds: list[DynamoType], *arguments: Any, **more: Any
) -> Any:
    # moto passes the name of the index as the fifth of these positional arguments.
    index = next((one for one in table.all_indexes() if one.name == arguments[4]), None)
    part = copy.copy(table)
    if index:
        part.items = _by_key(table, _in_index(table, index.schema, hash_key, comparison, bounds))
    else:
        part.items = {hash_key: table.items[hash_key]} if hash_key in table.items else {}  # type: ignore[assignment]
    return _query_of_moto(part, hash_key, comparison, bounds, *arguments, **more)


def _by_key(table: Table, items: Iterator[Item]) -> Any:
    found: dict[DynamoType, Any] = {}
    for item in items:
        if table.range_key_attr:
            found.setdefault(item.hash_key, {})[item.range_key] = item
        else:
            found[item.hash_key] = item
    return found


def _in_index(
    table: Table, schema: list[dict[str, str]], hash_key: DynamoType, comparison: str | None, bounds: list[DynamoType]
) -> Iterator[Item]:
    """Yield the items of an index that match the hash key and the condition on the sort key.

    The condition is checked here, because moto sorts all items before it checks it.
    """
    names = {key["KeyType"]: key["AttributeName"] for key in schema}
    name, sorted_by = names["HASH"], names.get("RANGE")
    groups: Any = table.items.values()
    for group in groups:
        for item in group.values() if table.range_key_attr else (group,):
            # Most items are in no index, so this check must be fast for them.
            if name not in item.attrs or item.attrs[name].value != hash_key.value:
                continue
            if comparison is None or sorted_by is None or _compares(item, sorted_by, comparison, bounds):
                yield item


def _compares(item: Item, name: str, comparison: str, bounds: list[DynamoType]) -> bool:
    return name in item.attrs and bool(item.attrs[name].compare(comparison, bounds))


# ---- Streams ---------------------------------------------------------------------------------------------------------


class _StreamError(ServiceException):
    """An error of DynamoDB Streams. moto serializes it, unless the class is defined in moto.core."""


def _get_records(backend: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
    if iterator_arn not in backend.shard_iterators:
        raise _StreamError("ExpiredIteratorException", "The shard iterator has expired.")
    _check_position(backend.shard_iterators[iterator_arn])
    return _get_records_of_moto(backend, iterator_arn, limit)


def _get_shard_iterator(backend: DynamoDBStreamsBackend, *arguments: Any) -> ShardIterator:
    iterator = _get_shard_iterator_of_moto(backend, *arguments)
    _check_position(iterator)
    return iterator


def _check_position(iterator: ShardIterator) -> None:
    if iterator.sequence_number < iterator.stream_shard.starting_sequence_number:
        raise _StreamError("TrimmedDataAccessException", "The position is before the first record of the shard.")


def apply() -> None:
    """Apply the changes for the rest of the process."""
    DynamoDBStreamsBackend.get_records = _get_records  # type: ignore[method-assign, assignment]
    DynamoDBStreamsBackend.get_shard_iterator = _get_shard_iterator  # type: ignore[method-assign, assignment]
    Table.query = _query  # type: ignore[method-assign, assignment]
    DynamoDBBackend.transact_write_items = _transact_write_items  # type: ignore[method-assign, assignment]
