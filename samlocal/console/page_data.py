"""Read the data of tables, queues and the log for the pages."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import decode_header, make_header
from typing import Any

from samlocal.aws.resources import Cloud
from samlocal.runtime.terminal import HIDDEN
from samlocal.template.model import Queue

_MOST_ITEMS = 2000


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a table. `raw` is formatted JSON. `facts` are the attributes as plain values."""

    key: str
    raw: str
    facts: dict[str, Any]


def items(cloud: Cloud, table: str) -> list[Item]:
    found: list[Item] = []
    for page in cloud.dynamodb.get_paginator("scan").paginate(TableName=table):
        found += [_item(raw) for raw in page["Items"]]
        if len(found) >= _MOST_ITEMS:
            break
    return sorted(found, key=lambda item: item.key)


def _item(raw: dict[str, Any]) -> Item:
    facts = {name: plain(value) for name, value in raw.items()}
    key = " / ".join(str(facts[name]) for name in ("pk", "sk") if name in facts) or str(next(iter(facts.values()), ""))
    return Item(key, json.dumps(facts, indent=2, ensure_ascii=False, default=str), facts)


def plain(value: dict[str, Any]) -> Any:
    """Convert a value from DynamoDB's typed JSON to a plain value for display."""
    kind, content = next(iter(value.items()))
    if kind == "M":
        return {name: plain(item) for name, item in content.items()}
    if kind == "L":
        return [plain(item) for item in content]
    if kind == "N":
        return float(content) if "." in content else int(content)
    if kind == "NULL":
        return None
    if kind == "B":
        return f"{len(content)} bytes"
    return sorted(content) if kind in {"SS", "NS"} else content


@dataclass(frozen=True, slots=True)
class QueueView:
    name: str
    count: int
    messages: Sequence[str]


def queues(cloud: Cloud, known: Iterable[Queue]) -> list[QueueView]:
    """Return the number of messages in each queue, and up to 10 messages, which stay in the queue."""
    return [_queue(cloud, queue) for queue in known]


def _queue(cloud: Cloud, queue: Queue) -> QueueView:
    url = cloud.queue_urls[queue.logical_id]
    counted = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    count = int(counted["Attributes"]["ApproximateNumberOfMessages"])
    # Do not receive from queues with a redrive policy, because each receive counts toward maxReceiveCount.
    may_look = count and queue.dead_letters is None
    if not may_look:
        return QueueView(queue.logical_id, count, [])
    received = cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return QueueView(queue.logical_id, count, [indented(message["Body"]) for message in received.get("Messages", [])])


@dataclass(frozen=True, slots=True)
class LogLine:
    time: str
    level: str
    source: str
    message: str
    details: str
    exception: str


def log(recent: Iterable[tuple[str, str]]) -> list[LogLine]:
    """Return the lines of the log, the newest first."""
    return [_log_line(source, raw) for source, raw in recent][::-1]


def _log_line(source: str, raw: str) -> LogLine:
    try:
        record = json.loads(raw)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        return LogLine("", "", source, raw, "", "")
    message = record.get("message", "metrics" if "_aws" in record else "")
    details = {name: value for name, value in record.items() if name not in HIDDEN | {"_aws"}}
    return LogLine(
        time=str(record.get("timestamp", "")),
        level=str(record.get("level", "")),
        source=source or str(record.get("service", "")),
        message=message if isinstance(message, str) else json.dumps(message, ensure_ascii=False),
        details="  ".join(f"{name}={value}" for name, value in details.items()),
        exception=str(record.get("exception", "")),
    )


def indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def readable_header(text: str) -> str:
    """Decode an encoded header such as `=?utf-8?q?...?=`."""
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, UnicodeDecodeError, ValueError):
        return text


def ahead(seconds: float) -> str:
    """Format a duration with its two largest units, for example "1 day, 1 hour" for 90000."""
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(int(seconds), size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts[:2])
