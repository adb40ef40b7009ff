"""`held`: shows what a person must look at, and lets it go on or ends it."""

import argparse
import sys
from dataclasses import replace
from typing import Any

from cli import stacks
from cli.desk import desk, operator
from cli.stacks import Stack
from cli.work_list import entries
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core import decisions
from referral_intake.core.doctor import Doctor
from referral_intake.core.referral import Act, Referral, Stage, read_receipt
from referral_intake.dashboard.action_runner import Changed
from referral_intake.dashboard.actions import Action, Invalid, Order, Rejection, offered

_DESCRIPTION = """\
Shows the referrals that are held for a person, with the doctor's details, since they are what is to be judged.
With --approve a referral goes on, and no oddity holds it again; what failed is tried again. With --reject it is closed.
docs/words.md explains the reasons. Who decided is recorded: `python -m cli audit`.

What is held as send_unclear or restored may have reached the doctor already. It goes out again only with --again:
first look for the receipt among the tags of SES's events.
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "held",
        help="look at what is held for a person, approve or reject it",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("receipts", metavar="RECEIPT", nargs="*", help="only these referrals")
    stacks.add_option(command)
    how = command.add_mutually_exclusive_group()
    how.add_argument("--approve", action="store_true", help="let these referrals go on")
    how.add_argument("--reject", action="store_true", help="close these referrals")
    command.add_argument(
        "--because", choices=[reason.value for reason in Rejection], default="other", help="why these are closed"
    )
    command.add_argument("--again", action="store_true", help="approve what may have reached the doctor already, too")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    stack = stacks.find(arguments.stack)
    referrals = ReferralTable(stack.dynamodb, stack.output("TableName"))
    if not arguments.receipts:
        if arguments.approve or arguments.reject:
            print("Name the receipts: each is a decision of its own.", file=sys.stderr)
            return 1
        return _list(stack, referrals)
    failed = [typed for typed in arguments.receipts if _decide(typed, arguments, stack, referrals)]
    return 1 if failed else 0


def _list(stack: Stack, referrals: ReferralTable) -> int:
    near = entries(stack.dynamodb, stack.output("TableName"), stack.now() + decisions.REVIEW_EVERY)
    held = sorted((entry for entry in near if entry.stage is Stage.HELD), key=lambda entry: entry.submitted_at)
    for entry in held:
        if referral := referrals.get(entry.receipt):
            _show(referral)
    print(f"Held for a person: {len(held)}.")
    return 0


def _show(referral: Referral) -> None:
    print(f"{referral.receipt}  {referral.campaign}  {referral.submitted_at:%Y-%m-%d %H:%M} UTC  {referral.reason}")
    for line in _details(referral.doctor):
        print(f"    {line}")


def _details(doctor: Doctor) -> list[str]:
    address = doctor.address
    place = " ".join(filter(None, (address.line1, address.line2, address.city, address.state, address.postal_code)))
    said = (doctor.name, doctor.practice, doctor.specialty, doctor.email, doctor.phone, doctor.npi, place)
    return [line for line in said if line]


def _decide(typed: str, arguments: argparse.Namespace, stack: Stack, referrals: ReferralTable) -> bool:
    """Whether it could not be done. Says why."""
    receipt = read_receipt(typed)
    referral = referrals.get(receipt, consistent=True) if receipt else None
    if referral is None:
        return _refused(typed, "is no receipt that the table knows.")
    if not (arguments.approve or arguments.reject):
        _show(referral)
        return False
    if referral.stage is not Stage.HELD:
        return _refused(referral.receipt, f"is not held any more: it is {referral.stage.value}.")
    try:
        desk(stack).carry_out(_order(referral, arguments), stack.now())
    except Invalid:
        # What is held can be approved or tried again, and rejected for each of the reasons: no other thing is missing.
        return _refused(referral.receipt, "may have reached the doctor already. To send it again: --approve --again")
    except Changed as changed:
        return _refused(referral.receipt, f"was changed just now{_by(changed.by)}. Look again.")
    print(f"{referral.receipt} {'goes on' if arguments.approve else 'is closed'}.")
    return False


def _order(referral: Referral, arguments: argparse.Namespace) -> Order:
    action = next((one for one in (Action.APPROVE, Action.RETRY) if one in offered(referral)), Action.APPROVE)
    if arguments.reject:
        action = Action.REJECT
    order = Order(referral.receipt, referral.revision, action, operator())
    return replace(order, reason=arguments.because, again=arguments.again)


def _by(act: Act | None) -> str:
    return f" by {act.by} ({act.what})" if act else ""


def _refused(receipt: str, why: str) -> bool:
    print(f"{receipt} {why}", file=sys.stderr)
    return True
