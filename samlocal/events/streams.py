"""Poll DynamoDB streams: read shards in order, filter the records, and invoke functions with batches."""

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from samlocal.aws.resources import Cloud
from samlocal.events.poller import Poller
from samlocal.events.stream_batches import Record, Rules, SkippedBatch, deliver, sequence_number
from samlocal.runtime.change_signal import ChangeSignal
from samlocal.runtime.functions import Functions
from samlocal.runtime.terminal import Terminal
from samlocal.template.model import REGION, StreamSource

_TRIMMED = "TrimmedDataAccessException"
_INVALID_ITERATOR = {"ExpiredIteratorException", _TRIMMED}


class StreamPoller(Poller):
    """Reads the stream of a table.

    `checkpoint` maps shards to the sequence number of the last processed record. It is kept when an edit of the
    template replaces the poller.
    """

    def __init__(
        self,
        source: StreamSource,
        cloud: Cloud,
        functions: Functions,
        terminal: Terminal,
        activity: ChangeSignal,
        checkpoint: dict[str, str],
    ) -> None:
        # Poll an external engine more often, because it does not signal its writes.
        super().__init__(source.name, functions, terminal, activity, 1.0 if cloud.is_embedded(cloud.streams) else 0.1)
        self._source = source
        self._cloud = cloud
        self._arn = cloud.stream_arns[source.table]
        self._checkpoint = checkpoint
        self._matches = filtering(source.filters)
        self._iterators: dict[str, str | None] = {}
        self._stale = True
        self._waiting: dict[str, list[Record]] = {}
        self._waiting_since = 0.0

    def poll(self) -> bool:
        if self._stale:
            self._find_shards()
        open_shards = [shard for shard, iterator in self._iterators.items() if iterator]
        return sum(self._read(shard) for shard in open_shards) > 0

    def _find_shards(self) -> None:
        description = self._cloud.streams.describe_stream(StreamArn=self._arn)["StreamDescription"]
        for shard in description["Shards"]:
            name, parent = shard["ShardId"], shard.get("ParentShardId")
            # Read a child shard only after its parent.
            if name not in self._iterators and self._iterators.get(parent or "") is None:
                self._iterators[name] = self._iterator(name)
        self._stale = False

    def _iterator(self, shard: str) -> str:
        """Return an iterator after the checkpoint, or at the oldest record if that position was trimmed."""
        position: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON" if self._source.from_start else "LATEST"}
        if shard in self._checkpoint:
            position = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._checkpoint[shard]}
        try:
            return self._get_iterator(shard, position)
        except ClientError as error:
            if error.response["Error"]["Code"] != _TRIMMED:
                raise
        return self._get_iterator(shard, {"ShardIteratorType": "TRIM_HORIZON"})

    def _get_iterator(self, shard: str, position: dict[str, Any]) -> str:
        return self._cloud.streams.get_shard_iterator(StreamArn=self._arn, ShardId=shard, **position)["ShardIterator"]

    def _read(self, shard: str) -> bool:
        try:
            answer = self._cloud.streams.get_records(ShardIterator=self._iterators[shard] or "")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _INVALID_ITERATOR:
                raise
            # The new iterator returns the waiting records again.
            self._waiting.pop(shard, None)
            self._iterators[shard] = self._iterator(shard)
            return True
        self._iterators[shard] = answer.get("NextShardIterator")
        self._stale = self._stale or self._iterators[shard] is None
        records = [as_delivered(record, self._arn) for record in answer["Records"]]
        self._collect(shard, records)
        return bool(records)

    def _collect(self, shard: str, records: list[Record]) -> None:
        waiting = self._waiting.setdefault(shard, [])
        if not waiting:
            self._waiting_since = time.monotonic()
        waiting += [record for record in records if self._matches(record)]
        while waiting and (len(waiting) >= self._source.batch_size or self._window_is_over()):
            batch, waiting[:] = waiting[: self._source.batch_size], waiting[self._source.batch_size :]
            self._deliver(shard, batch)
            self._checkpoint[shard] = sequence_number(batch[-1])
        if records and not waiting:
            self._checkpoint[shard] = sequence_number(records[-1])

    def _window_is_over(self) -> bool:
        return time.monotonic() - self._waiting_since >= self._source.window

    def _deliver(self, shard: str, batch: list[Record]) -> None:
        rules = Rules(self._source.max_retries, self._source.bisect, self._source.partial_failures)
        for skipped in deliver(batch, self._invoke, rules, lambda retries: self.pause(min(0.1 * 2**retries, 2.0))):
            self._report_skipped(shard, skipped)

    def _invoke(self, records: Sequence[Record]) -> Any:
        return self.invoke(self._source.function, {"Records": list(records)})

    def _report_skipped(self, shard: str, skipped: SkippedBatch) -> None:
        function = self.functions[self._source.function]
        text = f"Skipped {len(skipped.records)} record(s) that failed {skipped.invocations} invocations"
        if self._source.on_failure:
            body = failure(skipped, function.arn, shard, self._arn)
            self._cloud.sqs.send_message(
                QueueUrl=self._cloud.queue_urls[self._source.on_failure], MessageBody=json.dumps(body)
            )
            text += f"; see {self._source.on_failure} at /_local/failures"
        self.terminal.say(text, "ERROR", function.short_name)


def filtering(patterns: Iterable[str]) -> Callable[[Record], bool]:
    """Return a function that tells whether a record matches any of the patterns. Without patterns, all match."""
    from moto.events.models import EventPattern

    matchers = [EventPattern.load(pattern) for pattern in patterns]
    return lambda record: not matchers or any(matcher.matches_event(record) for matcher in matchers)  # type: ignore[arg-type]


def as_delivered(record: Any, arn: str) -> Record:
    """Return a record of GetRecords in the JSON format of Lambda events."""
    change = dict(record["dynamodb"])
    created = change.get("ApproximateCreationDateTime")
    if isinstance(created, datetime):
        change["ApproximateCreationDateTime"] = int(created.timestamp())
    return {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": _plain(change),
        "eventSourceARN": arn,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def failure(skipped: SkippedBatch, function_arn: str, shard: str, stream_arn: str) -> dict[str, Any]:
    """Return the message that Lambda sends to an on-failure queue: the position of the records, not their content."""
    first, last = skipped.records[0], skipped.records[-1]
    answer = {"statusCode": 200, "executedVersion": "$LATEST"}
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": skipped.invocations,
        },
        "responseContext": answer if skipped.answered else answer | {"functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": sequence_number(first),
            "endSequenceNumber": sequence_number(last),
            "approximateArrivalOfFirstRecord": _arrival(first),
            "approximateArrivalOfLastRecord": _arrival(last),
            "batchSize": len(skipped.records),
            "streamArn": stream_arn,
        },
    }


def _arrival(record: Record) -> str:
    created = record["dynamodb"].get("ApproximateCreationDateTime", 0)
    return datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z")
