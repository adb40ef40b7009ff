"""`audit`: show the audit records of one day."""

from datetime import date
from typing import Annotated

import typer

from cli import options, output, stacks
from referral_intake.aws.audit_log import AuditRecord, AuditTable


def command(
    stack: options.Stack = None,
    day: Annotated[
        date | None,
        typer.Option(parser=options.day, metavar="DATE", help="Day in UTC.", show_default="today"),
    ] = None,
    as_json: options.AsJson = False,
) -> int:
    """Show who viewed doctors' data on a day, and who performed which actions.

    Prints the records of the dashboard and of commands, oldest first: time in UTC, user, action, and the receipts of
    the referrals.
    """
    target = stacks.select(stack)
    day = day or target.now().date()
    records = AuditTable(target.dynamodb, target.output("TableName")).of_day(day)
    if as_json:
        output.print_json([_json(record) for record in records])
        return 0
    count = 0
    for record in records:
        print(_line(record))
        count += 1
    print(f"Recorded on {day}: {count}.")
    return 0


def _json(record: AuditRecord) -> dict[str, object]:
    user = {"username": record.username, "sub": record.sub}
    return {"at": record.at, **user, "action": record.what, "receipts": record.receipts}


def _line(record: AuditRecord) -> str:
    receipts = " ".join(record.receipts) or "-"
    return f"{record.at:%H:%M:%S}  {record.username} ({record.sub})  {record.what}  {receipts}"
