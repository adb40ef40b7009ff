"""The key of the day, with which the network addresses of submitters are hashed.

It is random, and stored only in a table without backups. The first submission of the next day replaces it. So after its
day, no hash can be traced to an address, and those of two days cannot be compared.
"""

import hashlib
import hmac
import secrets
import uuid
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from referral_intake.aws.item_format import plain, typed
from referral_intake.aws.table import Table
from referral_intake.core.errors import Unavailable
from referral_intake.core.submission import Submission

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# If the table fails, submissions do not wait for it again for this time.
_RETRY_AFTER = timedelta(minutes=1)


class SourceKeys:
    """Reads or creates the key with one request per process and day."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)
        self._known: tuple[date, bytes] | None = None
        self._failed_at: datetime | None = None

    def of_day(self, now: datetime) -> bytes:
        """Return the key of the day (UTC). Raise Unavailable."""
        if self._known and self._known[0] == now.date():
            return self._known[1]
        if self._failed_at and now < self._failed_at + _RETRY_AFTER:
            raise Unavailable("SourceKeys")
        try:
            key = self._read_or_create(now)
        except (Unavailable, ClientError) as error:
            # Also a missing permission: a submission is worth more than its source.
            self._failed_at = now
            raise Unavailable("SourceKeys") from error
        self._known = now.date(), key
        return key

    def _read_or_create(self, now: datetime) -> bytes:
        day, new_key = now.date().isoformat(), secrets.token_bytes(32)
        end_of_day = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        item = {"pk": "key", "day": day, "key": new_key, "expires": int(end_of_day.timestamp())}
        existing = self._table.put_new(
            {name: typed(value) for name, value in item.items()},
            "attribute_not_exists(pk) OR #day < :day",
            ExpressionAttributeNames={"#day": "day"},
            ExpressionAttributeValues={":day": typed(day)},
        )
        # A process whose clock is behind uses the key of the next day.
        return bytes(plain(existing)["key"]) if existing else new_key


def source_hash(key: bytes, network: str) -> str:
    """Return a keyed hash of a network address."""
    return hmac.digest(key, f"source:{network}".encode(), hashlib.sha256)[:16].hex()


def derived_submission_id(key: bytes | None, submission: Submission, address: str) -> uuid.UUID:
    """Return the id of a submission from a page without JavaScript, which can't generate one.

    The same form from the same address on the same day has the same id, so a double click or a refresh gives one
    referral. `key` is the key of the day. Without it, the id is random. A lasting key would make the id, and so the
    receipt, a lasting hash of the address.
    """
    if key is None:
        return uuid.uuid4()
    said = f"submission:{address}:{submission.content}"
    return uuid.UUID(bytes=hmac.digest(key, said.encode(), hashlib.sha256)[:16], version=4)
