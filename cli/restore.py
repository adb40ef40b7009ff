"""`restore`: copies back what a table has lost, from one that was restored beside it."""

import argparse
import sys
from typing import Any

from cli import stacks
from cli.relearning import Relearning
from cli.restoring import Restored, Restoring
from referral_intake.core.referral import read_receipt

_DESCRIPTION = """\
Copies what the table has lost from an older state of it: from a table restored beside it to a point in time. Without
--go it only counts.

Whatever the table has is left as it is: of a doctor, facts that it lacks are added. What was closed comes back as it
was. What was open is held, as restored: it may have gone further since, so nothing is mailed before a person looks.
Then every doctor is noted once more as told, or as having said no, by what the referrals say.

It may be stopped and run again, while doctors answer and opt out. docs/deploy.md says what comes before and after.

Exits with 0 if all is as it should be, else with 1.
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "restore",
        help="copy back what the table has lost, from one that was restored beside it",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stacks.add_option(command)
    command.add_argument("--from", dest="source", metavar="TABLE", required=True, help="the restored table's name")
    command.add_argument("--go", action="store_true", help="write it")
    said = "referrals erased since"
    command.add_argument("--except", dest="erased", metavar="RECEIPT", nargs="+", type=_receipt, default=[], help=said)
    command.set_defaults(run=_run)


def _receipt(text: str) -> str:
    if receipt := read_receipt(text):
        return receipt
    raise argparse.ArgumentTypeError(f"{text} is no receipt. One looks like K3QF-7ZTA-MM2X-PE5R.")


def _run(arguments: argparse.Namespace) -> int:
    stack = stacks.find(arguments.stack)
    if arguments.source == stack.output("TableName"):
        print("That is the stack's own table. Name the one that was restored beside it.", file=sys.stderr)
        return 1
    found = Restoring(stack, arguments.source, go=arguments.go, erased=frozenset(arguments.erased)).restore()
    _show(found, "Copied back" if arguments.go else "Would be copied back")
    noted = Relearning(stack, go=arguments.go).relearn()
    print(f"{'Noted' if arguments.go else 'Would be noted'} of doctors, by what the referrals say: {noted} facts.")
    for receipt in found.unreadable:
        print(f"{receipt} can't be read. Delete its item `referral`, then run this again.", file=sys.stderr)
    if arguments.go:
        print(f"Now count anew: python -m cli recount --stack {arguments.stack} --go")
    else:
        print("Nothing was written. To write it: --go")
    return 1 if found.unreadable else 0


def _show(found: Restored, said: str) -> None:
    for kind, count in sorted(found.kinds.items()):
        print(f"{said}: {kind}: {count}")
    for line in sorted(found.further):
        print(line)
    if not found.kinds:
        print("Nothing is missing.")
