"""Find the letters to print, and print those that may be sent as one PDF."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws.item_format import from_item, referral_key, typed
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.table import Table
from referral_intake.core.campaign import Campaign
from referral_intake.core.claim import Claim
from referral_intake.core.referral import Referral
from referral_intake.core.steps import INTRODUCTION
from referral_intake.core.tasks import TaskKind
from referral_intake.reports.letter_layout import LetterPrinter, PrintedLetters

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class BulkLetters:
    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        doctor_keys: DoctorHashes,
        letters: LetterPrinter,
    ) -> None:
        self._table = Table(client, table)
        self._doctor_keys = doctor_keys
        self._letters = letters

    def waiting(self, campaign: str) -> list[str]:
        """Return receipts of the campaign's referrals that wait to be sent by post, the longest wait first."""
        found = self._table.query_all(
            IndexName="work",
            KeyConditionExpression="waits_for = :kind",
            ExpressionAttributeValues={":kind": typed(f"{campaign}/{TaskKind.BY_POST.value}")},
        )
        return [item["pk"]["S"].partition("#")[2] for item in found]

    def read(self, receipts: Sequence[str]) -> list[Referral]:
        """Return these referrals, in this order, without those that don't exist."""
        read = self._table.read_many([referral_key(receipt) for receipt in receipts])
        found = {referral.receipt: referral for referral in map(from_item, read.items)}
        return [found[receipt] for receipt in receipts if receipt in found]

    def print(self, campaign: Campaign, referrals: Sequence[Referral], now: datetime) -> PrintedLetters:
        """Print letters to the doctors who may get one now. Raise Unapproved, Unavailable."""
        # A letter is also an introduction: a doctor gets it by post or by email, not both.
        claims = [Claim(referral, INTRODUCTION, *self._doctor_keys.of(referral)) for referral in referrals]
        return self._letters.print(campaign, claims, now)
