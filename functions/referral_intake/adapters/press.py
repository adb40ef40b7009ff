"""The press: which letters wait, and the PDF of those that may be sent."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.adapters import batch_read
from referral_intake.adapters.dynamodb import errors_as_ours
from referral_intake.adapters.items import Item, from_item, plain, referral_key, typed
from referral_intake.adapters.keys import DoctorHashes
from referral_intake.adapters.letters import Letters, Printed
from referral_intake.domain.campaign import Campaign
from referral_intake.domain.outreach import Claim
from referral_intake.domain.referral import Referral, Stage
from referral_intake.domain.steps import INTRODUCTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What is read of a referral to see whether it waits.
_READ = ("receipt", "stage", "milestones")


class Press:
    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        doctor_keys: DoctorHashes,
        letters: Letters,
    ) -> None:
        self._client = client
        self._table = table
        self._doctor_keys = doctor_keys
        self._letters = letters

    def waiting(self, campaign: str) -> list[str]:
        """Receipts of the campaign's referrals that wait to be sent by post, the longest first."""
        found: list[tuple[str, str]] = []
        for keys in self._open(campaign):
            items = map(plain, batch_read.items(self._client, self._table, keys, _READ))
            by_post = (item for item in items if item.get("stage") == Stage.BY_POST.value)
            found += [(item["milestones"]["submitted"], item["receipt"]) for item in by_post]
        return [receipt for _, receipt in sorted(found)]

    def read(self, receipts: Sequence[str]) -> list[Referral]:
        """These referrals, in this order. Those that are not there are left out."""
        items = batch_read.items(self._client, self._table, [referral_key(receipt) for receipt in receipts])
        found = {referral.receipt: referral for referral in map(from_item, items)}
        return [found[receipt] for receipt in receipts if receipt in found]

    def keys_of(self, referral: Referral) -> tuple[str, ...]:
        return self._doctor_keys.of(referral)[0]

    def print(
        self, campaign: Campaign, referrals: Sequence[Referral], now: datetime, written_to: Collection[str] = ()
    ) -> Printed:
        """Doctors known by one of `written_to` have a letter already. Raises Unapproved and Unavailable."""
        # The letter is the introduction by another way: who had one must not get the other.
        claims = [Claim(referral, INTRODUCTION, *self._doctor_keys.of(referral)) for referral in referrals]
        return self._letters.print(campaign, claims, now, written_to)

    def _open(self, campaign: str) -> Iterator[list[Item]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="due",
            KeyConditionExpression="open_in = :campaign",
            ExpressionAttributeValues={":campaign": typed(campaign)},
            PaginationConfig={"PageSize": batch_read.AT_ONCE},
        )
        with errors_as_ours():
            for page in pages:
                yield [{name: item[name] for name in ("pk", "sk")} for item in page["Items"]]
