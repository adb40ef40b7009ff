"""`redrive`: lists what the stream and the queues gave up on, and puts it back."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from cli import failure_queues, given_up, stacks
from cli.desk import desk
from cli.put_back import look, obstacle, put_back
from cli.stacks import Stack
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.referral import read_receipt

_PROGRESS_EVERY = 100
_DESCRIPTION = """\
Lists what was given up on; with --go it is put back. Nobody is written to twice by it: a referral only becomes queued
again, and outreach decides and claims as ever. So it does no harm to run it twice, or to stop it.

  referrals      Those that the stream lost again and again are held in the table, as given_up. They are found there by
                 their keys, so also long after the stream's 24 hours. What is held for another reason stays held.
  SES's events   that feedback gave up on go back to its queue. They may come late and twice.
  notices        of stream records that outreach gave up on say nothing that the table does not. With --go they are
                 deleted, once the table was gone through.

Mend the cause first, or it will be given up once more.
"""
_EXAMPLES = """\
examples:
  python -m cli redrive --stack referral-intake-dev                        list
  python -m cli redrive --stack referral-intake-dev --go                   put all of it back
  python -m cli redrive --stack referral-intake-dev K3QF-7ZTA-MM2X-PE5R    put this referral back
  python -m cli redrive --stack http://127.0.0.1:8080                      list what `make run` gave up on

Exits with 0 if all that was asked for was done, else with 1 and the reasons.
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "redrive",
        help="list what a stream or a queue gave up on, and put it back",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("receipts", metavar="RECEIPT", nargs="*", help="put back these referrals, and nothing else")
    stacks.add_option(command)
    how = command.add_mutually_exclusive_group()
    how.add_argument("--list", action="store_true", help="only list (what happens without a receipt and --go)")
    how.add_argument("--go", action="store_true", help="put all of it back")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    stack = stacks.find(arguments.stack)
    if arguments.receipts:
        return _these(stack, arguments.receipts, only_list=arguments.list)
    if arguments.go:
        return _go(stack)
    given_up.show(stack)
    return 0


def _go(stack: Stack) -> int:
    began = stack.now()
    # All of them before anything is done: then nothing is left half done for want of one.
    failures, source, target = map(stack.output, ("OutreachFailuresUrl", "FeedbackFailuresUrl", "MailEventsUrl"))
    found = given_up.find(stack)
    refused = _put_back(stack, [entry.receipt for entry in found.given_up])
    print(f"Referrals put back: {len(found.given_up) - refused}. Outreach takes them now.")
    print(f"SES's events put back: {failure_queues.move(stack.sqs, source, target)}. Feedback takes them now.")
    # Last: they stand for as long as the table was not gone through.
    print(f"Notices deleted: {failure_queues.clear(stack.sqs, failures, began)}.")
    if found.held:
        print(f"Left to a person: {len(found.held)}. --list says why.")
    return 1 if refused else 0


def _these(stack: Stack, typed: Iterable[str], *, only_list: bool) -> int:
    receipts = {text: read_receipt(text) for text in typed}
    unreadable = [text for text, receipt in receipts.items() if receipt is None]
    for text in unreadable:
        print(f"{text} is no receipt. One looks like K3QF-7ZTA-MM2X-PE5R.", file=sys.stderr)
    known = list(dict.fromkeys(receipt for receipt in receipts.values() if receipt))
    if only_list:
        _tell(stack, known)
        return 1 if unreadable else 0
    refused = _put_back(stack, known)
    print(f"Referrals put back: {len(known) - refused}. Outreach takes them now.")
    return 1 if refused or unreadable else 0


def _tell(stack: Stack, receipts: Iterable[str]) -> None:
    referrals = _referrals(stack)
    for receipt in receipts:
        referral = look(referrals, receipt)
        why = referral if isinstance(referral, str) else obstacle(referral)
        print(f"{receipt} {why or 'was given up on, and can be put back.'}")


def _put_back(stack: Stack, receipts: Sequence[str]) -> int:
    """How many were not. Each says why."""
    at, referrals, refused = desk(stack), _referrals(stack), 0
    for number, receipt in enumerate(receipts, 1):
        if why := put_back(at, referrals, receipt, stack.now()):
            print(f"{receipt} {why}", file=sys.stderr)
            refused += 1
        if number % _PROGRESS_EVERY == 0:
            print(f"{number} of {len(receipts)} ...", file=sys.stderr)
    return refused


def _referrals(stack: Stack) -> ReferralTable:
    return ReferralTable(stack.dynamodb, stack.output("TableName"))
