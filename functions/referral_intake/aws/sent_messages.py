"""The messages as they were sent to doctors: one item per step, in the partition of the referral.

They are compressed to a third of their size, because DynamoDB bills each kilobyte written.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from referral_intake.aws.item_format import Item, expiry_attributes
from referral_intake.aws.table import Table
from referral_intake.core.message import Message, redacted
from referral_intake.core.referral import Referral

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def message_key(receipt: str, step: str) -> Item:
    return {"pk": {"S": f"referral#{receipt}"}, "sk": {"S": f"message#{step}"}}


def message_item(referral: Referral, step: str, message: Message) -> Item:
    packed = zlib.compress(json.dumps(asdict(message)).encode(), 9)
    return {**message_key(referral.receipt, step), "message": {"B": packed}, **expiry_attributes(referral)}


class SentMessages:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def steps_with_copy(self, receipt: str, steps: Sequence[str]) -> frozenset[str]:
        """Return the steps whose message is stored."""
        found = self._table.read_many([message_key(receipt, step) for step in steps], ["sk"])
        return frozenset(str(item["sk"]["S"]).partition("#")[2] for item in found.items)

    def read(self, receipt: str, step: str) -> Message | None:
        """Return the step's message as it was last passed to SES, if any, without the secrets in its links.

        Every copy that people see is read here. The item keeps the message as it was sent, as evidence.
        """
        item = self._table.get(message_key(receipt, step))
        return redacted(Message(**json.loads(zlib.decompress(item["message"]["B"])))) if item else None
