"""The audit log: who saw doctors' data, and who took which action.

The records are in the main table, by day. They never expire. A record has receipts and the user, and no other personal
data.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from referral_intake.aws.item_format import Item, plain, timestamp, typed
from referral_intake.aws.table import Table
from referral_intake.core.errors import Unavailable
from referral_intake.core.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """`what` is one of a fixed set of words, never text that a user typed."""

    at: datetime
    sub: str
    username: str
    what: str
    receipts: tuple[str, ...]


class AuditTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def record(self, user: User, what: str, receipts: Sequence[str], at: datetime) -> None:
        """Raise Unavailable if the record can't be written, whatever the reason: then no data may be shown."""
        try:
            self._table.put(audit_item(user, what, receipts, at))
        except ClientError as error:
            raise Unavailable(error.response["Error"]["Code"]) from error

    def of_day(self, day: date) -> Iterator[AuditRecord]:
        """Read the records of a day (UTC), in order."""
        found = self._table.query_all(
            KeyConditionExpression="pk = :day",
            ExpressionAttributeValues={":day": {"S": _partition(day)}},
            ConsistentRead=True,
        )
        yield from map(_record, map(plain, found))


def _partition(day: date) -> str:
    return f"audit#{day.isoformat()}"


def audit_item(user: User, what: str, receipts: Sequence[str], at: datetime) -> Item:
    """The record as an item. Write it in one transaction with what it records."""
    return {
        "pk": {"S": _partition(at.astimezone(UTC).date())},
        # Two records can have the same time.
        "sk": {"S": f"{timestamp(at)}#{secrets.token_hex(8)}"},
        "at": typed(timestamp(at)),
        "sub": typed(user.sub),
        "username": typed(user.username),
        "what": typed(what),
        "receipts": {"L": [{"S": receipt} for receipt in receipts]},
    }


def _record(item: dict[str, Any]) -> AuditRecord:
    at = datetime.fromisoformat(item["at"])
    return AuditRecord(at, item["sub"], item["username"], item["what"], tuple(item["receipts"]))
