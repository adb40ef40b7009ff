"""The referrals that are open and near their time, read as a person's list: ids, never a doctor's details."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws.items import Item, plain, timestamp, typed
from referral_intake.aws.table import Table
from referral_intake.core.decisions import REVIEW_EVERY
from referral_intake.core.referral import PICKED_UP_WITHIN, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What is read of a referral. The doctor stays where they are.
_READ = ("receipt", "campaign", "stage", "reason", "due_at", "milestones")


@dataclass(frozen=True, slots=True)
class Entry:
    receipt: str
    campaign: str
    stage: Stage
    reason: str
    submitted_at: datetime
    due_at: datetime

    @property
    def since(self) -> datetime:
        """Since when it has been as it is. What is held is looked at every week, which sets it anew."""
        return self.due_at - (PICKED_UP_WITHIN if self.stage is Stage.QUEUED else REVIEW_EVERY)


def entries(client: "DynamoDBClient", table: str, until: datetime) -> Iterator[Entry]:
    """Every open referral that is due by then, of every campaign, those that were taken away too.

    It reads all of the index of what is open: small items, and nobody's request waits for it.
    """
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        IndexName="due",
        FilterExpression="due_at <= :until",
        ExpressionAttributeValues={":until": typed(timestamp(until))},
    )
    referrals = Table(client, table)
    for page in pages:
        keys = [{name: item[name] for name in ("pk", "sk")} for item in page["Items"]]
        for item in referrals.read_many(keys, _READ).items:
            yield from _entry(plain(item))


def _entry(item: Item) -> Iterator[Entry]:
    # The index may lag behind the table: what is closed has no due_at any more.
    if "stage" in item and "due_at" in item:
        yield Entry(
            receipt=item["receipt"],
            campaign=item["campaign"],
            stage=Stage(item["stage"]),
            reason=item.get("reason", ""),
            submitted_at=datetime.fromisoformat(item["milestones"]["submitted"]),
            due_at=datetime.fromisoformat(item["due_at"]),
        )
