"""`python -m cli`: what those who operate referral-intake do by hand. AWS's usual environment says which account."""

import argparse
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cli import approve, letters, site


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cli", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    resume = commands.add_parser("resume", help="let a campaign send again after its breaker stopped it")
    resume.add_argument("campaign")
    resume.add_argument("--table", required=True, help="the stack's TableName")
    resume.set_defaults(run=_resume)
    reading = commands.add_parser("approve", help="write down that a campaign's wording was read and may be sent")
    reading.add_argument("campaign")
    reading.add_argument("--by", required=True, help="who approves: a person or an office")
    reading.add_argument("--version", help="a name for this wording (by default this month, as 2026-11)")
    reading.add_argument("--until", type=date.fromisoformat, help="its last day, as 2027-10-31 (by default a year on)")
    reading.set_defaults(run=_approve)
    build = commands.add_parser("site", help="build the static site")
    build.add_argument("--out", type=Path, default=Path("build/site"))
    build.set_defaults(run=_site)
    letters.add_to(commands)
    arguments = parser.parse_args()
    status: int = arguments.run(arguments)
    return status


def _resume(arguments: argparse.Namespace) -> int:
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.breaker_table import BreakerTable

    if BreakerTable(dynamodb.client(), arguments.table).resume(arguments.campaign):
        print(f"{arguments.campaign} sends again. What waited goes out within 15 minutes; it counts from nothing.")
        return 0
    print(f"{arguments.campaign} was not stopped.", file=sys.stderr)
    return 1


def _approve(arguments: argparse.Namespace) -> int:
    today = datetime.now(UTC).date()
    until = arguments.until or today + timedelta(days=364)
    version = arguments.version or f"{today:%Y-%m}"
    differing = approve.approve(Path("templates"), arguments.campaign, arguments.by, today, until, version)
    for path in differing:
        print(f"new or changed: templates/{path}")
    print(f"{arguments.campaign} may be sent as it is now, from {today} to {until}, as version {version}.")
    return 0


def _site(arguments: argparse.Namespace) -> int:
    site.build(Path("templates"), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
