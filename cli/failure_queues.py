"""Inspect, redrive and clear dead-letter queues. Message bodies are not printed: some contain email addresses."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from referral_intake.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Visibility timeout in seconds.
_HIDDEN_SECONDS = 60
# Long polling, in seconds. Short polling queries only some of the servers of SQS and can miss messages.
_WAIT_SECONDS = 1
# After this many messages, no further batch is inspected.
_MOST_INSPECTED = 100


@dataclass(frozen=True, slots=True)
class Contents:
    """Summary of a queue. SQS reports `count` approximately. `oldest` and `conditions` cover the inspected messages.

    `conditions` counts the reasons that Lambda gives for discarding a batch of the stream.
    """

    count: int
    oldest: datetime | None
    conditions: Counter[str]

    def as_json(self) -> dict[str, Any]:
        # Before Python 3.12, dataclasses.asdict() does not copy a Counter correctly.
        return {"count": self.count, "oldest": self.oldest, "conditions": dict(self.conditions)}


def inspect(sqs: "SQSClient", url: str) -> Contents:
    """Inspect the queue without removing messages."""
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    found: list[MessageTypeDef] = []
    try:
        for batch in _batches(sqs, url):
            found += batch
            if len(found) >= _MOST_INSPECTED:
                break
    finally:
        _release(sqs, url, found)
    return Contents(
        count=max(len(found), int(answer["Attributes"]["ApproximateNumberOfMessages"])),
        oldest=min((_sent_at(message) for message in found), default=None),
        conditions=Counter(condition for message in found if (condition := _condition(message["Body"]))),
    )


def move(sqs: "SQSClient", source: str, target: str) -> int:
    """Move every message to the target queue, and return how many were moved.

    Each message is sent before it is deleted, so a crash can duplicate messages but not lose any. Raise Unavailable if
    SQS accepts only part of a batch.

    StartMessageMoveTask of SQS is not used: it runs in the background and reports failures only on request.
    """
    moved = 0
    for batch in _batches(sqs, source):
        entries: Any = [{"Id": str(number), "MessageBody": message["Body"]} for number, message in enumerate(batch)]
        sent = sqs.send_message_batch(QueueUrl=target, Entries=entries)
        taken = [batch[int(one["Id"])] for one in sent.get("Successful", [])]
        _delete(sqs, source, taken)
        moved += len(taken)
        if len(taken) < len(batch):
            _release(sqs, source, [message for message in batch if message not in taken])
            raise Unavailable(f"SQS took {len(taken)} of {len(batch)} messages")
    return moved


def clear(sqs: "SQSClient", url: str, before: datetime) -> int:
    """Delete the messages that were sent before that time, and return how many were deleted."""
    deleted = 0
    for batch in _batches(sqs, url):
        old = [message for message in batch if _sent_at(message) < before]
        _delete(sqs, url, old)
        _release(sqs, url, [message for message in batch if message not in old])
        deleted += len(old)
        if not old:
            break
    return deleted


def _batches(sqs: "SQSClient", url: str) -> "Iterator[list[MessageTypeDef]]":
    """Yield batches of received messages until no visible message is left."""
    while batch := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=_HIDDEN_SECONDS,
        WaitTimeSeconds=_WAIT_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
    ).get("Messages"):
        yield batch


def _delete(sqs: "SQSClient", url: str, messages: "Sequence[MessageTypeDef]") -> None:
    if messages:
        sqs.delete_message_batch(QueueUrl=url, Entries=_handles(messages))


def _release(sqs: "SQSClient", url: str, messages: "Sequence[MessageTypeDef]") -> None:
    """Make the messages visible to other consumers immediately."""
    for start in range(0, len(messages), 10):
        entries: Any = [{**one, "VisibilityTimeout": 0} for one in _handles(messages[start : start + 10])]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _handles(messages: "Sequence[MessageTypeDef]") -> Any:
    return [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]


def _sent_at(message: "MessageTypeDef") -> datetime:
    return datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)


def _condition(body: str) -> str:
    """Return why Lambda discarded a batch of the stream, for example RetryAttemptsExhausted, or an empty string."""
    try:
        return str(json.loads(body)["requestContext"]["condition"])
    except (KeyError, TypeError, ValueError):
        return ""
