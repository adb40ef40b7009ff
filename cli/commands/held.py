"""`held`: show the referrals that need a person's decision, and approve or reject them."""

from dataclasses import asdict, dataclass, replace
from typing import Annotated

import typer

from cli import options, output, stacks
from cli.open_referrals import open_referrals
from cli.operator_actions import action_runner, operator
from cli.stacks import Stack
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core import decisions
from referral_intake.core.doctor import Doctor
from referral_intake.core.referral import Referral, Stage, UserAction, parse_receipt
from referral_intake.dashboard.action_runner import ChangedSinceSeen
from referral_intake.dashboard.action_types import Action, ActionRequest, Invalid, Rejection
from referral_intake.dashboard.actions import allowed_actions


@dataclass(frozen=True, slots=True)
class _Decision:
    """The decision on the named referrals. `approve` and `reject` exclude each other."""

    approve: bool
    reject: bool
    because: Rejection
    again: bool


class _Refused(Exception):
    """The command made no decision about a referral. The message gives the reason."""


def command(
    receipts: Annotated[
        list[str] | None, typer.Argument(metavar="RECEIPT", help="Show or decide only these referrals.")
    ] = None,
    stack: options.Stack = None,
    approve: Annotated[bool, options.flag("--approve", "Approve these referrals.")] = False,
    reject: Annotated[bool, options.flag("--reject", "Close these referrals.")] = False,
    because: Annotated[
        Rejection, typer.Option(metavar="REASON", help=f"With --reject: the reason. {', '.join(Rejection)}.")
    ] = Rejection.OTHER,
    again: Annotated[
        bool, options.flag("--again", "With --approve: send even if the doctor may already have the message.")
    ] = False,
    as_json: options.AsJson = False,
) -> int:
    """Show the referrals that need a person's decision, and approve or reject them.

    Shows the doctor's details, because the decision depends on them. An approved referral is sent, and screening does
    not hold it again; one that failed is retried. docs/words.md explains the reasons. The audit records name the user
    who decided.

    If a referral is held as send_unclear or restored, the doctor may already have its message. First search the tags
    of the SES events for its receipt. To send it again, add `--again`.
    """
    decides = approve or reject
    if approve and reject:
        raise typer.BadParameter("--approve and --reject exclude each other.")
    if as_json and decides:
        raise typer.BadParameter("--json shows referrals. It can't be combined with --approve or --reject.")
    target = stacks.select(stack)
    referrals = ReferralTable(target.dynamodb, target.output("TableName"))
    if not receipts:
        if decides:
            output.problem("Name the receipts, because each referral needs its own decision.")
            return 1
        return _show(_held(target, referrals), as_json=as_json, total=True)
    decision = _Decision(approve, reject, because, again)
    found, failed = [], False
    for text in receipts:
        try:
            referral = _find(referrals, text)
            if decides:
                _decide(referral, decision, target)
            else:
                found.append(referral)
        except _Refused as refused:
            output.problem(str(refused))
            failed = True
    if not decides:
        _show(found, as_json=as_json, total=False)
    return 1 if failed else 0


def _held(stack: Stack, referrals: ReferralTable) -> list[Referral]:
    near = open_referrals(stack.dynamodb, stack.output("TableName"), stack.now() + decisions.REVIEW_INTERVAL)
    held = sorted((one for one in near if one.stage is Stage.HELD), key=lambda one: one.submitted_at)
    return [referral for one in held if (referral := referrals.get(one.receipt))]


def _show(found: list[Referral], *, as_json: bool, total: bool) -> int:
    if as_json:
        output.print_json([_json(referral) for referral in found])
        return 0
    for referral in found:
        when = f"{referral.submitted_at:%Y-%m-%d %H:%M} UTC"
        output.styled(f"{referral.receipt}  {referral.campaign}  {when}  {referral.reason}", "bold")
        for line in _details(referral.doctor):
            print(f"    {line}")
    if total:
        print(f"Referrals that need a decision: {len(found)}.")
    return 0


def _json(referral: Referral) -> dict[str, object]:
    doctor = asdict(referral.doctor)
    shown = {name: doctor[name] for name in ("name", "practice", "specialty", "email", "phone", "npi", "address")}
    return {
        "receipt": referral.receipt,
        "campaign": referral.campaign,
        "submitted_at": referral.submitted_at,
        "stage": referral.stage,
        "reason": referral.reason,
        "doctor": shown,
    }


def _details(doctor: Doctor) -> list[str]:
    address = doctor.address
    place = " ".join(filter(None, (address.line1, address.line2, address.city, address.state, address.postal_code)))
    given = (doctor.name, doctor.practice, doctor.specialty, doctor.email, doctor.phone, doctor.npi, place)
    return [line for line in given if line]


def _find(referrals: ReferralTable, text: str) -> Referral:
    receipt = parse_receipt(text)
    referral = referrals.get(receipt, consistent=True) if receipt else None
    if referral is None:
        raise _Refused(f"{text} is not a receipt of a referral in the table.")
    return referral


def _decide(referral: Referral, decision: _Decision, stack: Stack) -> None:
    receipt = referral.receipt
    if referral.stage is not Stage.HELD:
        raise _Refused(f"{receipt} is no longer held. Its stage is: {referral.stage.value}.")
    try:
        action_runner(stack).run(_order(referral, decision), stack.now())
    except Invalid as error:
        # Every held referral can be approved or retried, and rejected for any reason. So only `again` can be missing.
        raise _Refused(
            f"The doctor may already have the message of {receipt}. To send it again: --approve --again"
        ) from error
    except ChangedSinceSeen as changed:
        raise _Refused(
            f"{receipt} was changed just now{_by(changed.by)}. Show it again before you decide."
        ) from changed
    print(f"{receipt} is {'approved' if decision.approve else 'closed'}.")


def _order(referral: Referral, decision: _Decision) -> ActionRequest:
    action = next((one for one in (Action.APPROVE, Action.RETRY) if one in allowed_actions(referral)), Action.APPROVE)
    if decision.reject:
        action = Action.REJECT
    request = ActionRequest(referral.receipt, referral.revision, action, operator())
    return replace(request, reason=decision.because.value, again=decision.again)


def _by(act: UserAction | None) -> str:
    return f" by {act.by} ({act.what})" if act else ""
