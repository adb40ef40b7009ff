"""The table's stream, read where moto keeps it, and given to the functions that listen as the template says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends

from local.batches import Record, Rules, deliver, sequence_number
from local.model import ACCOUNT, REGION, StreamSource
from local.streams import as_delivered, filtering

if TYPE_CHECKING:
    from local.stack import LocalStack


class GaveUp(Exception):
    """A function failed at a record again and again: that is no demonstration."""


@dataclass
class Listener:
    """`is_patient`: it counts, and is not in a hurry. Of each referral it is told once, in the end, as it then is."""

    source: StreamSource
    matches: Callable[[Record], bool]
    is_patient: bool
    waiting: dict[str, Record] = field(default_factory=dict)

    def hear(self, record: Record) -> None:
        if self.matches(record):
            self.waiting[str(record["dynamodb"]["Keys"]) if self.is_patient else sequence_number(record)] = record


class Stream:
    def __init__(self, stack: "LocalStack") -> None:
        self._stack = stack
        self._read = 0
        self._last = ""
        sources = [source for source in stack.template.sources if isinstance(source, StreamSource)]
        (self._table,) = {source.table for source in sources}
        self._arn = stack.cloud.stream_arns[self._table]
        self.listeners = [
            # With a window, it is one that waits for more.
            Listener(source, filtering(source.filters), is_patient=source.window > 0)
            for source in sources
        ]

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
            self._last = sequence_number(record)
            for listener in self.listeners:
                listener.hear(record)
            yield record
            # Nobody reads it again, and all of them together are gigabytes.
            for image in ("NewImage", "OldImage"):
                one.record["dynamodb"].pop(image, None)

    def deliver(self, listener: Listener, *, all_of_them: bool = False) -> bool:
        """Gives the function a batch, if there is one. Raises GaveUp."""
        waiting, source = listener.waiting, listener.source
        if not waiting or (listener.is_patient and not all_of_them):
            return False
        batch = [waiting.pop(key) for key in list(waiting)[: source.batch_size if listener.is_patient else 1]]
        rules = Rules(source.max_retries, source.bisect, source.partial_failures)
        for given_up in deliver(batch, self._invoker(source.function), rules, lambda _: None):
            raise GaveUp(f"{source.function} at {len(given_up.records)} records; the log says why")
        return True

    def _invoker(self, function: str) -> Callable[[Sequence[Record]], Any]:
        return lambda records: self._stack.functions.invoke(function, {"Records": list(records)})

    def hand_over(self) -> None:
        """The event sources go on after what was read here."""
        for listener in self.listeners:
            self._stack.sources.begin_after(listener.source, self._shard.id, self._last)
