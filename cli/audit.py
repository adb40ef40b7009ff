"""`audit`: who looked at doctors' data on a day, and who did what."""

import argparse
from datetime import date
from typing import Any

from cli import stacks
from referral_intake.aws.audit_log import AuditTable, Record

_DESCRIPTION = """\
Prints what people who use the dashboard looked at and did on one day (UTC), oldest first: when, who, what, and the
receipts of the referrals.
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "audit",
        help="print who looked at doctors' data, and who did what",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stacks.add_option(command)
    command.add_argument("--day", type=date.fromisoformat, help="for instance 2026-11-22; today without it")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    stack = stacks.find(arguments.stack)
    day = arguments.day or stack.now().date()
    count = 0
    for record in AuditTable(stack.dynamodb, stack.output("TableName")).of_day(day):
        print(_line(record))
        count += 1
    print(f"Recorded on {day}: {count}.")
    return 0


def _line(record: Record) -> str:
    receipts = " ".join(record.receipts) or "-"
    return f"{record.at:%H:%M:%S}  {record.username} ({record.sub})  {record.what}  {receipts}"
