"""How much waits for a person, by kind. Beyond a hundred nobody counts."""

from typing import TYPE_CHECKING

from referral_intake.adapters.dynamodb import errors_as_ours
from referral_intake.adapters.items import typed
from referral_intake.domain.summary import Waiting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "work"
MOST = 100


def waiting(client: "DynamoDBClient", table: str, campaign: str, kind: str) -> Waiting:
    with errors_as_ours():
        count = client.query(
            TableName=table,
            IndexName=INDEX,
            KeyConditionExpression="waits_for = :kind",
            ExpressionAttributeValues={":kind": typed(f"{campaign}/{kind}")},
            Select="COUNT",
            Limit=MOST + 1,
        )["Count"]
    return Waiting(min(count, MOST), is_more=count > MOST)
