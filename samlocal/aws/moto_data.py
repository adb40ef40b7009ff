"""Read and change the data of the moto in this process where AWS's API has no request for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from moto.cognitoidp.models import cognitoidp_backends
from moto.core.model_instances import model_data
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.moto_api._internal.models import moto_api_backend

from samlocal.template.model import ACCOUNT, REGION

# The number of shard iterators to keep. Each poll creates one, and a busy reader may use its iterator minutes later.
_KEPT_ITERATORS = 20_000


def put_without_stream(table: str, items: Iterable[Mapping[str, object]]) -> None:
    """Put items into a table without records in its stream."""
    found = dynamodb_backends[ACCOUNT][REGION].tables[table]
    shard, found.stream_shard = found.stream_shard, None
    try:
        for item in items:
            found.put_item(dict(item))
    finally:
        found.stream_shard = shard


def free_memory() -> None:
    """Delete what no request reads any more: moto keeps every object, shard iterator and stream record."""
    # Lists for moto's web dashboard. Those of S3 stay, because S3 closes its files with them.
    for service in ("dynamodb", "dynamodbstreams", "sqs"):
        for model in model_data[service].values():
            model.instances_tracked.clear()  # type: ignore[attr-defined]
    iterators = dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators
    while len(iterators) > _KEPT_ITERATORS:
        iterators.pop(next(iter(iterators)))
    _trim_streams()


def _trim_streams() -> None:
    """Delete the records before the position of every shard iterator, since their readers have them."""
    positions = defaultdict[StreamShard, list[int]](list)
    for iterator in dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators.values():
        positions[iterator.stream_shard].append(iterator.sequence_number)
    for shard, numbers in positions.items():
        if (read := min(numbers) - shard.starting_sequence_number) > 0:
            del shard.items[:read]
            # moto numbers a new record from this number and the length of the list.
            shard.starting_sequence_number += read


def delete_everything() -> None:
    """Delete all resources in moto, as a request to its /moto-api/reset does."""
    moto_api_backend.reset()


def rename_pool(made: str, wanted: str) -> None:
    """Rename a user pool. Cognito generates ids, but the template needs them before the resources exist."""
    pools = cognitoidp_backends[ACCOUNT][REGION].user_pools
    pool = pools[wanted] = pools.pop(made)
    pool.arn = pool.arn.replace(made, wanted)
    pool.id = wanted


def rename_client(pool_id: str, made: str, wanted: str) -> None:
    """Rename a client of a user pool."""
    clients = cognitoidp_backends[ACCOUNT][REGION].user_pools[pool_id].clients
    client = clients[wanted] = clients.pop(made)
    client.id = wanted
