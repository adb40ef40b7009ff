"""`letters`: what waits to be sent by post, as one PDF."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import stacks
from referral_intake.adapters import dynamodb
from referral_intake.adapters.campaigns import Campaigns
from referral_intake.adapters.claims import ClaimTable
from referral_intake.adapters.items import typed
from referral_intake.adapters.keys import DoctorHashes
from referral_intake.adapters.letters import Letters, Printed
from referral_intake.adapters.links import Links
from referral_intake.adapters.referral_table import ReferralTable
from referral_intake.adapters.secrets import Secrets
from referral_intake.domain.campaign import Campaign
from referral_intake.domain.message import Unapproved
from referral_intake.domain.outreach import Claim
from referral_intake.domain.referral import Referral, Stage
from referral_intake.domain.steps import INTRODUCTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TEMPLATES = Path("templates")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack keeps what a letter needs: its table, the names of its secrets, the site's address."""

    table: str
    hashing_keys: str
    signing_keys: str
    site_url: str


class Press:
    """Prints letters of one stack. Without `approved_only`, wording that nobody approved too."""

    def __init__(self, place: Place, templates: Path, *, approved_only: bool = True) -> None:
        secrets, self._client = Secrets(), dynamodb.client()
        self._table = place.table
        self._referrals = ReferralTable(self._client, place.table)
        self._doctor_keys = DoctorHashes(lambda: secrets.keyring(place.hashing_keys))
        self._letters = Letters(
            templates,
            Links(lambda: secrets.keyring(place.signing_keys), place.site_url),
            place.site_url,
            ClaimTable(self._client, place.table),
            approved_only=approved_only,
        )

    def waiting(self, campaign: str) -> list[Referral]:
        """Referrals of the campaign that wait to be sent by post, the longest first."""
        found = (self._referrals.get(receipt) for receipt in _open_receipts(self._client, self._table, campaign))
        by_post = [referral for referral in found if referral and referral.stage is Stage.BY_POST]
        return sorted(by_post, key=lambda referral: referral.submitted_at)

    def get(self, receipt: str) -> Referral | None:
        return self._referrals.get(receipt)

    def print(self, campaign: Campaign, referrals: Sequence[Referral], now: datetime) -> Printed:
        """Raises Unapproved and Unavailable."""
        # The letter is the introduction by another way: who had one must not get the other.
        claims = [Claim(referral, INTRODUCTION, *self._doctor_keys.of(referral)) for referral in referrals]
        return self._letters.print(campaign, claims, now)


def _open_receipts(client: "DynamoDBClient", table: str, campaign: str) -> Iterator[str]:
    pages = client.get_paginator("query").paginate(
        TableName=table,
        IndexName="due",
        KeyConditionExpression="open_in = :campaign",
        ExpressionAttributeValues={":campaign": typed(campaign)},
    )
    for page in pages:
        yield from (item["pk"]["S"].partition("#")[2] for item in page["Items"])


def add_to(commands: Any) -> None:
    command = commands.add_parser("letters", help="print the letters that wait to be sent by post, as one PDF")
    command.add_argument("campaign", nargs="?", default="star")
    stacks.add_option(command)
    command.add_argument("--out", type=Path, default=Path("letters.pdf"))
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    campaign = Campaigns(TEMPLATES).get(arguments.campaign)
    if campaign is None:
        return _failed(f"There is no campaign named {arguments.campaign!r} in {TEMPLATES / 'campaigns'}.")
    stack = stacks.find(arguments.stack)
    names = ("TableName", "HashingKeysArn", "SigningKeysArn", "SiteUrl")
    press = Press(Place(*(stack.output(name) for name in names)), TEMPLATES)
    try:
        printed = press.print(campaign, press.waiting(campaign.name), stack.now())
    except Unapproved:
        return _failed("The wording of the letter, or this day, is not covered by the campaign's approval.")
    if printed.pdf:
        arguments.out.write_bytes(printed.pdf)
    _tell(printed, arguments.out)
    return 0


def _tell(printed: Printed, out: Path) -> None:
    count = len(printed.receipts)
    where = f" in {out}, a page each: version {printed.version}, content {printed.content_hash[:12]}." if count else "."
    print(f"{count} letter{'' if count == 1 else 's'}{where}")
    for page, receipt in enumerate(printed.receipts, start=1):
        envelope = "plain envelope: the address is too long for a window" if receipt in printed.plain_envelopes else ""
        print(f"page {page:<4} {receipt}  {envelope}".rstrip())
    for receipt, reason in printed.left_out.items():
        print(f"no letter {receipt}  {reason}")


def _failed(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 1
