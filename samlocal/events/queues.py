"""Poll SQS queues, and invoke functions with batches of messages."""

import time
from typing import TYPE_CHECKING, Any

from samlocal.aws.resources import Cloud
from samlocal.events.poller import Poller
from samlocal.events.stream_batches import reported
from samlocal.runtime.change_signal import ChangeSignal
from samlocal.runtime.functions import FunctionFailed, Functions
from samlocal.runtime.terminal import Terminal
from samlocal.template.model import REGION, Queue, QueueSource

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


class QueuePoller(Poller):
    """Invokes the function with messages, and deletes those that succeed.

    Failed messages become visible again after the visibility timeout. The queue's redrive policy applies to them.
    """

    def __init__(
        self,
        source: QueueSource,
        queue: Queue,
        cloud: Cloud,
        functions: Functions,
        terminal: Terminal,
        activity: ChangeSignal,
    ) -> None:
        super().__init__(source.name, functions, terminal, activity, 0.5)
        self._source = source
        self._arn = queue.arn
        self._cloud = cloud
        self._url = cloud.queue_urls[source.queue]

    def poll(self) -> bool:
        messages = self._receive()
        if not messages:
            return False
        try:
            answer = self.invoke(self._source.function, {"Records": [as_delivered(m, self._arn) for m in messages]})
        except FunctionFailed:
            return True
        for message in messages:
            if message["MessageId"] not in self._failed(answer, messages):
                self._cloud.sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _receive(self) -> "list[MessageTypeDef]":
        """Return a batch, collected until the batching window ends.

        Long polling is not used, because moto implements it as a busy loop.
        """
        found: list[MessageTypeDef] = []
        deadline = time.monotonic() + self._source.window
        while len(found) < self._source.batch_size:
            more = self._cloud.sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(10, self._source.batch_size - len(found)),
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            found += more
            if not more and (not found or time.monotonic() >= deadline):
                break
            if not more:
                self.pause(0.1)
        return found

    def _failed(self, answer: Any, messages: "list[MessageTypeDef]") -> set[str]:
        if not self._source.partial_failures:
            return set()
        everything = {message["MessageId"] for message in messages}
        failures = reported(answer)
        return everything if failures is None or not set(failures) <= everything else set(failures)


def as_delivered(message: "MessageTypeDef", arn: str) -> dict[str, Any]:
    """Return the message in the format of Lambda events."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }


def _attribute(value: Any) -> dict[str, Any]:
    return {name[0].lower() + name[1:]: item for name, item in value.items() if name in {"StringValue", "DataType"}}
