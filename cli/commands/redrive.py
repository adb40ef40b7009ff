"""`redrive`: list the referrals and events that failed after all retries, and retry them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import failure_queues, options, output, stacks
from cli.failure_queues import Contents
from cli.open_referrals import OpenReferral, open_referrals
from cli.operator_actions import action_runner, operator
from cli.stacks import Stack
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, Stage, parse_receipt
from referral_intake.dashboard.action_runner import ActionRunner, ChangedSinceSeen
from referral_intake.dashboard.action_types import Action, ActionRequest

_HELD: dict[str | None, str] = {
    Reason.SEND_UNCLEAR: "the doctor may already have the message. First search the tags of the SES events for the "
    'receipt: docs/operate.md, "Referrals that need a decision".',
    Reason.RESTORED: "its item is from a restored table, and the message may have been sent since. First search the "
    'log: docs/recovery.md, "Restoring a table".',
    Reason.CAMPAIGN_UNKNOWN: "the deployed templates lack its campaign. Deploy it, or let the referral expire.",
}
_TITLES = {
    "given_up": "Referrals that failed after all retries; --go retries them",
    "overdue": "Overdue referrals; `wake` queues them again without this command",
    "held": "Referrals held for another reason; a person decides",
}
_QUEUES = {
    "FeedbackFailures": "SES events that were not delivered or not processed; --go retries them",
    "OutreachFailures": "Notices of stream records that `outreach` failed to process; --go deletes them",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """`overdue` are queued referrals past their due time. `held` are those held for a reason other than `given_up`."""

    given_up: Sequence[OpenReferral]
    overdue: Sequence[OpenReferral]
    held: Sequence[OpenReferral]


def command(
    receipts: Annotated[list[str] | None, typer.Argument(metavar="RECEIPT", help="Retry only these referrals.")] = None,
    stack: options.Stack = None,
    only_list: Annotated[bool, options.flag("--list", "Only list. The default without RECEIPT.")] = False,
    go: Annotated[bool, options.flag("--go", "Put everything back.")] = False,
    as_json: options.AsJson = False,
) -> int:
    """List the referrals and events that failed after all retries, and retry them.

    Fix the cause first, or they fail again. No doctor gets a message twice: a referral only becomes queued again, and
    `outreach` makes its usual checks before it sends. You can stop the command and run it again. With `--go`:

    - Referrals that failed repeatedly (held as given_up) become queued. Other held referrals stay held.
    - SES events that were not delivered or not processed return to the queue of `feedback`.
    - Notices of stream records that `outreach` failed to process are deleted, after the table was read.

    Examples:

    - `referrals redrive` lists.
    - `referrals redrive --go` retries everything.
    - `referrals redrive K3QF-7ZTA-MM2X-PE5R` retries this referral.
    - `referrals redrive --stack http://127.0.0.1:8080` lists what failed in `make run`.
    """
    if go and (only_list or receipts):
        raise typer.BadParameter("--go retries everything. It can't be combined with --list or RECEIPT.")
    if as_json and (go or (receipts and not only_list)):
        raise typer.BadParameter("--json only lists. It can't be combined with --go, and with RECEIPT it needs --list.")
    target = stacks.select(stack)
    if receipts:
        return _named(target, receipts, only_list=only_list, as_json=as_json)
    if go:
        return _everything(target)
    _list(target, as_json=as_json)
    return 0


def _everything(stack: Stack) -> int:
    began = stack.now()
    # Read all outputs first, so that a missing one stops the command before it changes anything.
    failures, source, destination = map(stack.output, ("OutreachFailuresUrl", "FeedbackFailuresUrl", "MailEventsUrl"))
    found = _find(stack)
    refused = _queue_each(stack, [one.receipt for one in found.given_up])
    print(f"Referrals queued again: {len(found.given_up) - refused}. `outreach` processes them now.")
    moved = failure_queues.move(stack.sqs, source, destination)
    print(f"SES events queued again: {moved}. `feedback` processes them now.")
    # Delete the notices last: they are needed until the table was read.
    print(f"Notices deleted: {failure_queues.clear(stack.sqs, failures, began)}.")
    if found.held:
        print(f"Referrals that need a decision: {len(found.held)}. For the reasons, use --list.")
    return 1 if refused else 0


def _named(stack: Stack, typed: Sequence[str], *, only_list: bool, as_json: bool) -> int:
    read = {text: parse_receipt(text) for text in typed}
    unreadable = [text for text, receipt in read.items() if receipt is None]
    for text in unreadable:
        output.problem(f"{text} is not a receipt. Example of a receipt: K3QF-7ZTA-MM2X-PE5R.")
    known = list(dict.fromkeys(receipt for receipt in read.values() if receipt))
    if only_list:
        _explain(stack, known, as_json=as_json)
        return 1 if unreadable else 0
    refused = _queue_each(stack, known)
    print(f"Referrals queued again: {len(known) - refused}. `outreach` processes them now.")
    return 1 if refused or unreadable else 0


def _explain(stack: Stack, receipts: Sequence[str], *, as_json: bool) -> None:
    referrals = _referrals(stack)
    found = {receipt: _read(referrals, receipt) for receipt in receipts}
    reasons = {receipt: one if isinstance(one, str) else _obstacle(one) for receipt, one in found.items()}
    if as_json:
        output.print_json([{"receipt": receipt, "obstacle": reason} for receipt, reason in reasons.items()])
        return
    for receipt, reason in reasons.items():
        print(f"{receipt} {reason or 'failed after all retries, and can be retried.'}")


def _find(stack: Stack) -> _Found:
    now = stack.now()
    # The due time of a held referral is its next review, which is at most REVIEW_INTERVAL ahead.
    near = open_referrals(stack.dynamodb, stack.output("TableName"), now + REVIEW_INTERVAL)
    found = sorted(near, key=lambda one: one.submitted_at)
    held = [one for one in found if one.stage is Stage.HELD]
    return _Found(
        given_up=[one for one in held if _obstacle(one) is None],
        overdue=[one for one in found if one.stage is Stage.QUEUED and one.due_at < now],
        held=[one for one in held if _obstacle(one)],
    )


def _list(stack: Stack, *, as_json: bool) -> None:
    found = _find(stack)
    referrals = {name: getattr(found, name) for name in _TITLES}
    queues = {name: failure_queues.inspect(stack.sqs, stack.output(f"{name}Url")) for name in _QUEUES}
    if as_json:
        shown = {name: [asdict(one) | {"since": one.since} for one in those] for name, those in referrals.items()}
        output.print_json({**shown, "queues": {name: contents.as_json() for name, contents in queues.items()}})
        return
    print("Times are in UTC.")
    for name, title in _TITLES.items():
        _show(title, referrals[name])
    for name, title in _QUEUES.items():
        _show_queue(title, queues[name])


def _show(title: str, found: Sequence[OpenReferral]) -> None:
    output.styled(f"\n{title}: {len(found)}", "bold")
    for one in found:
        times = f"submitted {_time(one.submitted_at)}  since {_time(one.since)}"
        print(f"  {one.receipt}  {one.campaign}  {times}  {one.reason}".rstrip())
    for reason in sorted({why for one in found if one.stage is Stage.HELD and (why := _obstacle(one))}):
        print(f"  A referral that {reason}")


def _show_queue(title: str, contents: Contents) -> None:
    output.styled(f"\n{title}: {contents.count}", "bold")
    if contents.oldest:
        conditions = "".join(f", {count} with {name}" for name, count in sorted(contents.conditions.items()))
        print(f"  oldest since {_time(contents.oldest)}{conditions}")


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _referrals(stack: Stack) -> ReferralTable:
    return ReferralTable(stack.dynamodb, stack.output("TableName"))


def _queue_each(stack: Stack, receipts: Sequence[str]) -> int:
    """Queue the referrals again, and return how many were not queued. Print the reason for each of these."""
    runner, referrals, refused = action_runner(stack), _referrals(stack), 0
    with output.progress("Referrals", len(receipts)) as advance:
        for receipt in receipts:
            if why := _queue(runner, referrals, receipt, stack.now()):
                output.problem(f"{receipt} {why}")
                refused += 1
            advance(1)
    return refused


def _queue(runner: ActionRunner, referrals: ReferralTable, receipt: str, now: datetime) -> str | None:
    """Queue a referral that is held as given_up. Return None, or the reason why it was not changed.

    The claim that `outreach` makes before it sends ensures that the doctor is not mailed twice.
    """
    while True:
        referral = _read(referrals, receipt)
        if isinstance(referral, str):
            return referral
        if why := _obstacle(referral):
            return why
        try:
            runner.run(ActionRequest(receipt, referral.revision, Action.RETRY, operator()), now)
        except ChangedSinceSeen:
            continue  # The referral changed after it was read, so check it again.
        return None


def _read(referrals: ReferralTable, receipt: str) -> Referral | str:
    """Return the referral, or the reason why it can't be read. An unreadable referral must not stop the others."""
    try:
        return referrals.get(receipt, consistent=True) or "is not a receipt of a referral in the table."
    except (KeyError, TypeError, ValueError) as error:
        return f"can't be read ({type(error).__name__}: {error}). Repair its item in the table."


def _obstacle(referral: Referral | OpenReferral) -> str | None:
    """Return the reason why the referral must not be queued again, or None if it may be."""
    due = f"{_time(referral.due_at)} UTC" if referral.due_at else ""
    match referral.stage:
        case Stage.HELD if referral.reason == Reason.RETRIES_EXHAUSTED:
            return None
        case Stage.HELD:
            return f"is held as {referral.reason}: {_HELD.get(referral.reason, 'a person decides.')}"
        case Stage.QUEUED:
            return f"is queued: `outreach` processes it now. If it does not, `wake` queues it again after {due}."
        case Stage.WAITING:
            return f"is waiting ({referral.reason}) until {due}. It then continues without this command."
        case Stage.SENDING:
            return "is being sent."
        case Stage.SENT:
            return "was sent."
        case Stage.BY_POST:
            return "goes by post: the doctor gave no email address."
        case Stage.CLOSED:
            return f"is closed ({referral.reason})."
