"""What the registry answered, kept in the table for a while: one item per search, until it expires."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.lookup.matching import Match

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Doctors move more seldom, and a new one need not wait long.
KEPT = timedelta(days=1)


class MatchCache:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: str, now: datetime) -> list[Match] | None:
        """None where nothing is kept. DynamoDB deletes what expired up to days later, so the time is checked here."""
        with errors_as_ours():
            item = self._client.get_item(TableName=self._name, Key=_key(key)).get("Item")
        if item is None or int(item["expires"]["N"]) <= now.timestamp():
            return None
        matches: list[Match] = json.loads(item["matches"]["S"])
        return matches

    def put(self, key: str, matches: list[Match], now: datetime) -> None:
        expires = {"N": str(int((now + KEPT).timestamp()))}
        text = {"S": json.dumps(matches, separators=(",", ":"))}
        with errors_as_ours():
            self._client.put_item(TableName=self._name, Item={**_key(key), "expires": expires, "matches": text})


def _key(key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"lookup#{key}"}, "sk": {"S": "lookup"}}
