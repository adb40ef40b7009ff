"""What was given up on, as a list for a person to read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cli import failure_queues
from cli.put_back import obstacle
from cli.stacks import Stack
from cli.work_list import Entry, entries
from referral_intake.core.decisions import REVIEW_EVERY
from referral_intake.core.referral import Stage


@dataclass(frozen=True, slots=True)
class Found:
    """`overdue` are those that stay queued: the stream lost them. `held` are those held for another reason."""

    given_up: Sequence[Entry]
    overdue: Sequence[Entry]
    held: Sequence[Entry]


def find(stack: Stack) -> Found:
    """The oldest first."""
    now = stack.now()
    # What is held has its next look within that time.
    near = entries(stack.dynamodb, stack.output("TableName"), now + REVIEW_EVERY)
    found = sorted(near, key=lambda entry: entry.submitted_at)
    held = [entry for entry in found if entry.stage is Stage.HELD]
    return Found(
        given_up=[entry for entry in held if obstacle(entry) is None],
        overdue=[entry for entry in found if entry.stage is Stage.QUEUED and entry.due_at < now],
        held=[entry for entry in held if obstacle(entry)],
    )


def show(stack: Stack) -> None:
    found = find(stack)
    print("Times are UTC.")
    _show("Referrals given up on, which --go puts back", found.given_up)
    _show("Referrals that the stream lost, which `wake` queues again by itself", found.overdue)
    _show("Referrals held for another reason, which this command leaves to a person", found.held)
    for title, output in (
        ("SES's events that feedback gave up on, which --go puts back", "FeedbackFailuresUrl"),
        ("Notices of stream records that outreach gave up on, which --go deletes", "OutreachFailuresUrl"),
    ):
        _show_queue(title, failure_queues.look(stack.sqs, stack.output(output)))


def _show(title: str, found: Sequence[Entry]) -> None:
    print(f"\n{title}: {len(found)}")
    for entry in found:
        times = f"submitted {_time(entry.submitted_at)}  since {_time(entry.since)}"
        print(f"  {entry.receipt}  {entry.campaign}  {times}  {entry.reason}".rstrip())
    for reason in sorted({why for entry in found if entry.stage is Stage.HELD and (why := obstacle(entry))}):
        print(f"  What {reason}")


def _show_queue(title: str, contents: failure_queues.Contents) -> None:
    print(f"\n{title}: {contents.count}")
    if contents.oldest:
        print(f"  the oldest since {_time(contents.oldest)}{_by_condition(contents.conditions)}")


def _by_condition(conditions: Counter[str]) -> str:
    return "".join(f", {count} by {name}" for name, count in sorted(conditions.items()))


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
