"""`resume`: lets a campaign send again."""

import argparse
import sys
from typing import Any

from cli import stacks
from cli.desk import operator
from referral_intake.aws.breaker_table import BreakerTable


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "resume",
        help="let a campaign send again after its breaker stopped it",
        description="Lets a campaign send again after its breaker stopped it. Mend the cause first: docs/operate.md.",
    )
    command.add_argument("campaign", help="for instance star")
    stacks.add_option(command)
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    stack = stacks.find(arguments.stack)
    breaker = BreakerTable(stack.dynamodb, stack.output("TableName"))
    if breaker.resume(arguments.campaign, operator(), stack.now()):
        print(f"{arguments.campaign} sends again. What waited goes out within 15 minutes; it counts from nothing.")
        return 0
    print(f"{arguments.campaign} was not stopped.", file=sys.stderr)
    return 1
