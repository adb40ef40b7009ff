"""The table's stream, read where moto keeps it, and given to the functions that listen as the template says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from samlocal.events.stream_batches import Record, Rules, deliver
from samlocal.events.streams import as_delivered, filtering
from samlocal.template.model import ACCOUNT, REGION, StreamSource

if TYPE_CHECKING:
    from local.stack import LocalStack


class GaveUp(Exception):
    """A function failed at a record again and again: that is no demonstration."""


@dataclass
class Listener:
    source: StreamSource
    matches: Callable[[Record], bool]
    waiting: list[Record] = field(default_factory=list)


class Stream:
    """Counters are left out: they are worked out when the history is loaded."""

    def __init__(self, stack: "LocalStack") -> None:
        self._stack = stack
        self._read = 0
        sources = [source for source in stack.template.sources if isinstance(source, StreamSource)]
        (self._table,) = {source.table for source in sources}
        self._arn = stack.cloud.stream_arns[self._table]
        # A function that counts waits for a window to fill.
        self.listeners = [Listener(one, filtering(one.filters)) for one in sources if not one.window]

    @property
    def _shard(self) -> Any:
        # Asked each time: a transaction that is cancelled puts another in its place.
        name = self._stack.template.tables[self._table].name
        return dynamodb_backends[ACCOUNT][REGION].tables[name].stream_shard

    def news(self) -> Iterator[Record]:
        """What was written since, each once. Those who listen have it before them then."""
        records = self._shard.items[self._read :]
        self._read += len(records)
        for one in records:
            record = as_delivered(one.to_json(), self._arn)
            for listener in self.listeners:
                if listener.matches(record):
                    listener.waiting.append(record)
            yield record
            # Nobody reads it again, and all of them together are gigabytes.
            for image in ("NewImage", "OldImage"):
                one.record["dynamodb"].pop(image, None)

    def deliver(self, listener: Listener) -> bool:
        """Gives the function a record, if there is one. Raises GaveUp."""
        if not listener.waiting:
            return False
        source = listener.source
        rules = Rules(source.max_retries, source.bisect, source.partial_failures)
        for given_up in deliver([listener.waiting.pop(0)], self._invoker(source.function), rules, lambda _: None):
            raise GaveUp(f"{source.function} at {len(given_up.records)} records; the log says why")
        return True

    def _invoker(self, function: str) -> Callable[[Sequence[Record]], Any]:
        return lambda records: self._stack.functions.invoke(function, {"Records": list(records)})
