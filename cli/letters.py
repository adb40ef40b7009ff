"""`letters`: what waits to be sent by post, as one PDF."""

import argparse
import sys
from pathlib import Path
from typing import Any

from cli import stacks
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.message import Unapproved
from referral_intake.reports.letter_layout import Printed
from referral_intake.reports.letter_wiring import Place, bulk_letters_for

TEMPLATES = Path("templates")


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
    letters = bulk_letters_for(Place(*(stack.output(name) for name in names)), TEMPLATES)
    try:
        printed = letters.print(campaign, letters.read(letters.waiting(campaign.name)), stack.now())
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
