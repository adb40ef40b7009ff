"""Read the stream of the table from moto's memory, and invoke the functions that have it as an event source."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from samlocal.events.stream_batches import Record, Rules, deliver
from samlocal.events.streams import as_delivered, filtering
from samlocal.template.model import ACCOUNT, REGION, StreamSource

if TYPE_CHECKING:
    from local.stack import LocalStack


class RetriesExhausted(Exception):
    """A function failed with a record after all retries, so the recording is not usable."""


@dataclass
class Listener:
    source: StreamSource
    matches: Callable[[Record], bool]
    waiting: list[Record] = field(default_factory=list)


class Stream:
    """The stream. The function `stats` is left out, because counters are computed when the history is loaded."""

    def __init__(self, stack: "LocalStack") -> None:
        self._stack = stack
        self._read = 0
        sources = [source for source in stack.template.sources if isinstance(source, StreamSource)]
        (self._table,) = {source.table for source in sources}
        self._arn = stack.cloud.stream_arns[self._table]
        # Of the event sources, only that of `stats` has a batching window.
        self.listeners = [Listener(one, filtering(one.filters)) for one in sources if not one.window]

    @property
    def _shard(self) -> Any:
        name = self._stack.template.tables[self._table].name
        return dynamodb_backends[ACCOUNT][REGION].tables[name].stream_shard

    def new_records(self) -> Iterator[Record]:
        """Yield the new records, after adding them to the listeners that match."""
        records = self._shard.items[self._read :]
        self._read += len(records)
        for one in records:
            record = as_delivered(one.to_json(), self._arn)
            for listener in self.listeners:
                if listener.matches(record):
                    listener.waiting.append(record)
            yield record
            # Free the images, which are not read again. All of them together take gigabytes.
            for image in ("NewImage", "OldImage"):
                one.record["dynamodb"].pop(image, None)

    def deliver(self, listener: Listener) -> bool:
        """Invoke the function with the next record, if there is one. Return whether there was one.

        Raise RetriesExhausted if it fails.
        """
        if not listener.waiting:
            return False
        source = listener.source
        rules = Rules(source.max_retries, source.bisect, source.partial_failures)
        for skipped in deliver([listener.waiting.pop(0)], self._invoker(source.function), rules, lambda _: None):
            raise RetriesExhausted(f"{source.function} failed with {len(skipped.records)} records; see the log")
        return True

    def _invoker(self, function: str) -> Callable[[Sequence[Record]], Any]:
        return lambda records: self._stack.functions.invoke(function, {"Records": list(records)})
