"""The very messages that doctors got, kept beside their referral: one small item for each step.

Compressed, a message is a third of its size, and every kilobyte written costs.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item
from referral_intake.core.errors import Unavailable
from referral_intake.core.message import Message

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def message_key(receipt: str, step: str) -> Item:
    return {"pk": {"S": f"referral#{receipt}"}, "sk": {"S": f"message#{step}"}}


def message_item(receipt: str, step: str, message: Message) -> Item:
    packed = zlib.compress(json.dumps(asdict(message)).encode(), 9)
    return {**message_key(receipt, step), "message": {"B": packed}}


def steps_kept(client: "DynamoDBClient", table: str, receipt: str, steps: Sequence[str]) -> frozenset[str]:
    """Of these steps, those whose message is kept."""
    if not steps:
        return frozenset()
    keys = [message_key(receipt, step) for step in steps]
    asked: Any = {table: {"Keys": keys, "ProjectionExpression": "sk"}}
    with errors_as_ours():
        answer = client.batch_get_item(RequestItems=asked)
    if answer["UnprocessedKeys"]:
        raise Unavailable("UnprocessedKeys")
    return frozenset(str(item["sk"]["S"]).partition("#")[2] for item in answer["Responses"].get(table, []))


def read_message(client: "DynamoDBClient", table: str, receipt: str, step: str) -> Message | None:
    """The message of that step as it was handed to the mail service last; None where none was."""
    with errors_as_ours():
        answer = client.get_item(TableName=table, Key=message_key(receipt, step))
    if "Item" not in answer:
        return None
    return Message(**json.loads(zlib.decompress(answer["Item"]["message"]["B"])))


class SentMessages:
    """As a part of the dashboard."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def kept(self, receipt: str, steps: Sequence[str]) -> frozenset[str]:
        return steps_kept(self._client, self._name, receipt, steps)

    def read(self, receipt: str, step: str) -> Message | None:
        return read_message(self._client, self._name, receipt, step)
