"""A cache of the registry's answers in the table: one item per search, until it expires."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws.table import Table
from referral_intake.lookup.matching import Match

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Doctors move less often than daily, and a new doctor appears within a day.
CACHE_TIME = timedelta(days=1)


class MatchCache:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def get(self, key: str, now: datetime) -> list[Match] | None:
        """Return the cached matches, or None. Check the time, because DynamoDB can delete expired items days late."""
        item = self._table.get(_key(key))
        if item is None or int(item["expires"]["N"]) <= now.timestamp():
            return None
        matches: list[Match] = json.loads(item["matches"]["S"])
        return matches

    def put(self, key: str, matches: list[Match], now: datetime) -> None:
        expires = {"N": str(int((now + CACHE_TIME).timestamp()))}
        text = {"S": json.dumps(matches, separators=(",", ":"))}
        self._table.put({**_key(key), "expires": expires, "matches": text})


def _key(key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"lookup#{key}"}, "sk": {"S": "lookup"}}
