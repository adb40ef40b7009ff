"""Patch moto's DynamoDB where its speed or its results differ from those of DynamoDB.

Before a transaction, moto copies the whole table, including all records of its stream. If the transaction is canceled,
moto replaces the table with the copy. This has two effects: the time of a transaction grows with the number of writes
so far, and after the first canceled transaction, shard iterators read a stream that receives no more records. In
addition, a query sorts the whole table before it filters.
"""

import copy
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import dynamodbstreams_backends

from samlocal.template.model import ACCOUNT, REGION

# The number of shard iterators to keep. Each poll creates one, and a busy reader may use its iterator minutes later.
_KEPT_ITERATORS = 20_000


class _Records(list[Any]):
    """The records of a stream. They never change, so a deep copy shares them."""

    def __deepcopy__(self, _: dict[int, Any]) -> "_Records":
        return _Records(self)


class _Items(defaultdict[Any, Any]):
    """The items of a table by hash key. A deep copy shares the items that the current transaction does not change."""

    touched: frozenset[DynamoType] = frozenset()

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Items":
        shared = _Items(self.default_factory)
        shared.update(self)
        for key in self.touched & self.keys():
            shared[key] = copy.deepcopy(self[key], memo)
        return shared


class _Once:
    """A `__deepcopy__` that copies a table once per transaction.

    moto copies the table for each action, but uses only the first copy.
    """

    def __init__(self, table: Any) -> None:
        self._table = table
        self._copy: Any = None

    def __call__(self, memo: dict[int, Any]) -> Any:
        if self._copy is None:
            del self._table.__deepcopy__
            self._copy = copy.deepcopy(self._table, memo)
            self._table.__deepcopy__ = self
        return self._copy


class _Partition:
    """A view of a table that contains only the items with the hash key of a query."""

    def __init__(self, table: Table, items: list[Any]) -> None:
        self._table = table
        self._items = items

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def all_items(self) -> list[Any]:
        return self._items


_moto_query = Table.query


def _query(
    table: Table, hash_key: DynamoType, comparison: str | None, bounds: list[DynamoType], *arguments: Any, **more: Any
) -> Any:
    # The caller in moto passes the name of the index as the fifth of these positional arguments.
    index = next((one for one in table.all_indexes() if one.name == arguments[4]), None)
    if index:
        items = _in_index(table, index.schema, hash_key, comparison, bounds)
    else:
        items = _group(table, table.items.get(hash_key))
    return _moto_query(_Partition(table, items), hash_key, comparison, bounds, *arguments, **more)  # type: ignore[arg-type]


def _in_index(
    table: Table, schema: list[dict[str, str]], hash_key: DynamoType, comparison: str | None, bounds: list[DynamoType]
) -> list[Any]:
    """Return the items of an index that match the hash key and the sort key condition.

    Filtering here is faster, because moto sorts the whole partition before it compares sort keys.
    """
    names = {key["KeyType"]: key["AttributeName"] for key in schema}
    name, sorted_by = names["HASH"], names.get("RANGE")
    # Most items are in no index, so this filter must be fast for them.
    groups = list(table.items.values())
    held = [item for group in groups for item in _group(table, group) if name in item.attrs]
    found = [item for item in held if item.attrs[name].value == hash_key.value]
    if comparison is None or sorted_by is None:
        return found
    return [item for item in found if sorted_by in item.attrs and item.attrs[sorted_by].compare(comparison, bounds)]


def _group(table: Table, group: Any) -> list[Any]:
    if group is None:
        return []
    return list(group.values()) if table.range_key_attr else [group]


_moto_transaction = DynamoDBBackend.transact_write_items


def _transaction(backend: DynamoDBBackend, transact_items: Sequence[Mapping[str, Any]]) -> None:
    tables = list(backend.tables.values())
    _before(backend, transact_items)
    try:
        _moto_transaction(backend, transact_items)  # type: ignore[arg-type]
    finally:
        for table in tables:
            table.__dict__.pop("__deepcopy__", None)
        _let_iterators_go_on(backend)


def _before(backend: DynamoDBBackend, transact_items: Sequence[Mapping[str, Any]]) -> None:
    """Prepare each table, so that a copy takes time in proportion to the transaction."""
    actions = [action for item in transact_items for action in item.values()]
    for name, table in backend.tables.items():
        if not isinstance(table.items, _Items):
            table.items = _Items(table.items.default_factory, table.items)
        if table.stream_shard and not isinstance(table.stream_shard.items, _Records):
            table.stream_shard.items = _Records(table.stream_shard.items)
        keys = _hash_keys((action for action in actions if action.get("TableName") == name), table.hash_key_attr)
        table.items.touched = frozenset(keys)
        table.__deepcopy__ = _Once(table)  # type: ignore[attr-defined]


def _hash_keys(actions: Iterable[Mapping[str, Any]], name: str) -> Iterable[DynamoType]:
    for action in actions:
        if key := (action.get("Key") or action.get("Item") or {}).get(name):
            yield DynamoType(key)


def _let_iterators_go_on(backend: DynamoDBBackend) -> None:
    """Point all shard iterators to the current streams of their tables."""
    streams = dynamodbstreams_backends[backend.account_id][backend.region_name]
    for iterator in streams.shard_iterators.values():
        table = backend.tables.get(iterator.stream_shard.table.name)
        if table and table.stream_shard:
            iterator.stream_shard = table.stream_shard


def mend() -> None:
    """Apply the patches for the rest of the process."""
    Table.query = _query  # type: ignore[method-assign, assignment]
    DynamoDBBackend.transact_write_items = _transaction  # type: ignore[method-assign, assignment]


def put_unheard(table: str, items: Iterable[Mapping[str, Any]]) -> None:
    """Put items into a table without records in its stream."""
    found = dynamodb_backends[ACCOUNT][REGION].tables[table]
    shard, found.stream_shard = found.stream_shard, None
    for item in items:
        found.put_item(dict(item))
    found.stream_shard = shard


def drop_old_iterators() -> None:
    """Delete the oldest shard iterators, because moto keeps all of them and pollers create new ones continuously."""
    iterators = dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators
    while len(iterators) > _KEPT_ITERATORS:
        iterators.pop(next(iter(iterators)))


def forget_everything() -> None:
    """Delete all resources in moto."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()


def call_pool(made: str, wanted: str) -> None:
    """Rename a user pool from `made` to `wanted`.

    Cognito generates ids, but here they must be known from the template before the resources exist.
    """
    from moto.cognitoidp.models import cognitoidp_backends

    pools = cognitoidp_backends[ACCOUNT][REGION].user_pools
    pool = pools[wanted] = pools.pop(made)
    pool.arn = pool.arn.replace(made, wanted)
    pool.id = wanted


def call_client(pool_id: str, made: str, wanted: str) -> None:
    """Rename a client of a user pool from `made` to `wanted`."""
    from moto.cognitoidp.models import cognitoidp_backends

    clients = cognitoidp_backends[ACCOUNT][REGION].user_pools[pool_id].clients
    client = clients[wanted] = clients.pop(made)
    client.id = wanted
