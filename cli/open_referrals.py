"""Read the open referrals that are due by a given time: receipts, stages and times, but no details of doctors."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws.item_format import Item, plain, timestamp, typed
from referral_intake.aws.table import Table
from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.referral import QUEUED_TIMEOUT, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The attributes to read. None of them describes the doctor.
_READ = ("receipt", "campaign", "stage", "reason", "due_at", "milestones")


@dataclass(frozen=True, slots=True)
class OpenReferral:
    receipt: str
    campaign: str
    stage: Stage
    reason: str
    submitted_at: datetime
    due_at: datetime

    @property
    def since(self) -> datetime:
        """Return when the referral entered its stage. For a held referral, the weekly review resets this time."""
        return self.due_at - (QUEUED_TIMEOUT if self.stage is Stage.QUEUED else REVIEW_INTERVAL)


def open_referrals(client: "DynamoDBClient", table: str, until: datetime) -> Iterator[OpenReferral]:
    """Yield every open referral that is due by `until`, including those of campaigns that are no longer deployed.

    Scan the index `due`, which contains only open referrals and has small items.
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
            yield from _open_referral(plain(item))


def _open_referral(item: Item) -> Iterator[OpenReferral]:
    # The index is eventually consistent: a referral may already be closed in the table, and then has no due_at.
    if "stage" in item and "due_at" in item:
        yield OpenReferral(
            receipt=item["receipt"],
            campaign=item["campaign"],
            stage=Stage(item["stage"]),
            reason=item.get("reason", ""),
            submitted_at=datetime.fromisoformat(item["milestones"]["submitted"]),
            due_at=datetime.fromisoformat(item["due_at"]),
        )
