"""`python -m cli`: what those who operate referral-intake do by hand. AWS's usual environment says which account."""

import argparse
import sys
from pathlib import Path

from cli import site


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m cli", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    resume = commands.add_parser("resume", help="let a campaign send again after its breaker stopped it")
    resume.add_argument("campaign")
    resume.add_argument("--table", required=True, help="the stack's TableName")
    resume.set_defaults(run=_resume)
    build = commands.add_parser("site", help="build the static site")
    build.add_argument("--out", type=Path, default=Path("build/site"))
    build.set_defaults(run=_site)
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


def _site(arguments: argparse.Namespace) -> int:
    site.build(Path("templates"), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
