"""`letters`: print the waiting letters as one PDF."""

from pathlib import Path
from typing import Annotated

import typer

from cli import options, output, stacks
from cli.errors import CommandError
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.message import Unapproved
from referral_intake.reports.letter_layout import PrintedLetters
from referral_intake.reports.letter_wiring import LetterResources, bulk_letters_for

TEMPLATES = Path("templates")


def command(
    campaign: options.Campaign = "star",
    stack: options.Stack = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the PDF.")] = Path("letters.pdf"),
    as_json: options.AsJson = False,
) -> int:
    """Print the letters that wait to be sent by post, as one PDF.

    Lists the receipt of each page, and the referrals without a letter, with the reason. If no letter waits, writes no
    file.
    """
    known = Campaigns(TEMPLATES).get(campaign)
    if known is None:
        raise CommandError(f"There is no campaign named {campaign!r} in {TEMPLATES / 'campaigns'}.")
    target = stacks.select(stack)
    names = ("TableName", "HashingKeysArn", "SigningKeysArn", "SiteUrl")
    letters = bulk_letters_for(LetterResources(*(target.output(name) for name in names)), TEMPLATES)
    try:
        printed = letters.print(known, letters.read(letters.waiting(known.name)), target.now())
    except Unapproved as error:
        raise CommandError("The campaign's approval does not cover the letter's wording or today's date.") from error
    if printed.pdf:
        out.write_bytes(printed.pdf)
    if as_json:
        output.print_json(_json(printed, out))
    else:
        _show(printed, out)
    return 0


def _json(printed: PrintedLetters, out: Path) -> dict[str, object]:
    pages = [
        {"page": page, "receipt": receipt, "plain_envelope": receipt in printed.plain_envelopes}
        for page, receipt in enumerate(printed.receipts, start=1)
    ]
    left_out = [{"receipt": receipt, "reason": reason} for receipt, reason in printed.left_out.items()]
    wording = {"version": printed.version, "content_hash": printed.content_hash}
    return {"file": str(out) if printed.pdf else None, **wording, "letters": pages, "no_letter": left_out}


def _show(printed: PrintedLetters, out: Path) -> None:
    count = len(printed.receipts)
    where = (
        f" in {out}, one per page: version {printed.version}, content {printed.content_hash[:12]}." if count else "."
    )
    print(f"{count} letter{'' if count == 1 else 's'}{where}")
    for page, receipt in enumerate(printed.receipts, start=1):
        envelope = "plain envelope: the address is too long for a window" if receipt in printed.plain_envelopes else ""
        print(f"page {page:<4} {receipt}  {envelope}".rstrip())
    for receipt, reason in printed.left_out.items():
        print(f"no letter {receipt}  {reason}")
