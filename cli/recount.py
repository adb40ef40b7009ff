"""`recount`: counts all referrals once more, and shows where the counters differ."""

import argparse
import sys
from typing import Any

from cli import failure_queues, stacks
from cli.recounting import Recount, Recounting
from referral_intake.core.counting import Count

_MOST_SHOWN = 200
_DESCRIPTION = """\
Counts all referrals of the table once more, and shows every counter of the dashboard that says something else. With
--go, the counters become what the table says, and notices of records that were not counted are deleted. Both may run at
any time: the stream goes on counting meanwhile.

What the stream has yet to bring, usually for a few seconds, shows as a difference too. Referrals that were erased stay
counted as what they were.

Exits with 0 if there is no difference, or none is left, else with 1.
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "recount",
        help="compare the dashboard's counters with the table, and correct them",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stacks.add_option(command)
    command.add_argument("--go", action="store_true", help="correct them")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    stack = stacks.find(arguments.stack)
    began, failures = stack.now(), stack.output("StatsFailuresUrl")
    found = Recounting(stack).correct() if arguments.go else Recounting(stack).compare()
    for receipt in found.unreadable:
        print(f"{receipt} can't be read. Mend its item in the table.", file=sys.stderr)
    _show(found)
    status = _corrected(found) if arguments.go else _compared(found)
    if arguments.go and status == 0:
        # What they tell of has been counted now.
        print(f"Notices deleted: {failure_queues.clear(stack.sqs, failures, began)}.")
    return status


def _compared(found: Recount) -> int:
    if found.gone:
        print(f"{found.gone} that are not in the table any more stay counted.")
    print(f"{_number(found.referrals, 'referral')} counted: {_number(len(found.differences), 'difference')}.")
    return 1 if found.differences or found.unreadable else 0


def _corrected(found: Recount) -> int:
    said = f"{_number(found.referrals, 'referral')} counted, {found.anew} of them as something else than before"
    print(f"{said}; {_number(len(found.differences), 'counter')} corrected beyond that.")
    if found.unsettled:
        print(f"{_number(found.unsettled, 'counter')} kept changing. Try again when less happens.", file=sys.stderr)
    return 1 if found.unsettled or found.unreadable else 0


def _show(found: Recount) -> None:
    lines = [f"{_name(count)}: counted {was}, is {is_}" for count, (was, is_) in found.differences.items()]
    for line in sorted(lines)[:_MOST_SHOWN]:
        print(line)
    if len(lines) > _MOST_SHOWN:
        print(f"... and {len(lines) - _MOST_SHOWN} more.")


def _name(count: Count) -> str:
    day = count.day.isoformat() if count.day else "now"
    return " ".join(filter(None, (count.campaign, day, count.dimension, count.value, count.fact)))


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
