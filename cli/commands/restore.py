"""`restore`: copy lost items back from a restored table, without causing messages to doctors."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Annotated, Any

import typer

from cli import options, output, stacks
from cli.doctor_facts import DoctorFacts
from cli.errors import CommandError
from cli.stacks import Stack
from cli.table_scan import scan
from referral_intake.aws import doctor_items, stats_items
from referral_intake.aws.claims import ClaimTable
from referral_intake.aws.item_format import Item, from_item, task_attributes, timestamp, typed
from referral_intake.aws.table import Table
from referral_intake.core import doctor_changes, tasks
from referral_intake.core.counting import Tally
from referral_intake.core.decisions import hold
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.source_retention import SOURCE_ATTRIBUTES
from referral_intake.stats.counting_table import StoredTally, read_stored_tally

# The kinds of items that are copied. The others are rebuilt (the pace), expire (`expires`), or may be outdated (the
# recipients of the weekly summary).
_KINDS = {
    "referral": "referrals",
    "message": "messages of referrals",
    "doctor": "doctors",
    "letter_code": "codes of letters",
    "seen": "combinations of names and addresses",
    "breaker": "circuit breakers",
    "hospital": "mail domains of hospitals",
}
# The counted milestones that prevent another message to the doctor.
_MILESTONES = {"sent", "answered", "opted_out", "bounced", "complained"}
_NOT_RESTORED = {"leader", "setbacks", "attempt", "group", *SOURCE_ATTRIBUTES}
_DOCTOR, _RECORDS = "doctor", "audit records"


@dataclass
class Restored:
    """The result of a restore.

    `kinds` counts the copied items by kind. `further` has a line for each referral that was counted in a later state
    than the restored table has. `unreadable` are receipts.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    further: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def command(
    source: Annotated[str, typer.Option("--from", metavar="TABLE", help="The restored table.")],
    stack: options.Stack = None,
    go: Annotated[bool, options.flag("--go", "Write to the table.")] = False,
    erased: Annotated[
        list[str] | None,
        typer.Option(
            "--except",
            parser=options.receipt,
            metavar="RECEIPT",
            help="A referral that was erased since. Can be repeated.",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> int:
    """Copy lost items back into the table, from a table that was restored to a point in time.

    Without `--go`, only counts the lost items. Existing items do not change, except that doctors get facts that they
    lack. A closed referral is copied unchanged. An open referral is held as restored, because its message may have been
    sent since: nothing is sent before a person decides. Then the facts that the referrals prove, such as sent messages
    and opt-outs, are added to the doctors.

    You can stop the command and run it again. Doctors can answer and opt out meanwhile. For the steps before and after,
    see "Restoring a table" in docs/recovery.md.

    Exits with 0 if all items could be read, otherwise with 1.
    """
    target = stacks.select(stack)
    if source == target.output("TableName"):
        raise CommandError("This is the table of the stack. Name the table into which the backup was restored.")
    found = Restorer(target, source, go=go, erased=frozenset(erased or ())).restore()
    facts = DoctorFacts(target, go=go).add_missing()
    for receipt in found.unreadable:
        output.problem(f"{receipt} can't be read. Delete its item `referral`, then run this command again.")
    if as_json:
        output.print_json(_json(found, facts, written=go))
    else:
        _show(found, facts, written=go)
        print(f"Next: referrals recount --stack {target.name} --go" if go else "Nothing was written. To write: --go")
    return 1 if found.unreadable else 0


def _json(found: Restored, facts: int, *, written: bool) -> dict[str, Any]:
    kinds = [{"kind": kind, "count": count} for kind, count in sorted(found.kinds.items())]
    return {
        "written": written,
        "items": kinds,
        "doctor_facts": facts,
        "further": sorted(found.further),
        "unreadable": found.unreadable,
    }


def _show(found: Restored, facts: int, *, written: bool) -> None:
    verb = "Copied back" if written else "To copy back"
    for kind, count in sorted(found.kinds.items()):
        print(f"{verb}: {kind}: {count}")
    for line in sorted(found.further):
        print(line)
    if not found.kinds:
        print("Nothing is missing.")
    print(f"Facts {'added' if written else 'to add'} to doctors, according to the referrals: {facts}")


class Restorer:
    """Copies lost items from the table `source`. Without `go`, only counts. Skips the `erased` referrals."""

    def __init__(self, stack: Stack, source: str, *, go: bool, erased: frozenset[str] = frozenset()) -> None:
        self._client, self._now = stack.dynamodb, stack.now()
        self._table = Table(self._client, stack.output("TableName"))
        self._claims = ClaimTable(self._client, stack.output("TableName"))
        self._stats, self._source = Table(self._client, stack.output("StatsTableName")), source
        self._go, self._erased = go, erased
        self._found = Restored()

    def restore(self) -> Restored:
        """Copy the items, and return the result. Copy doctors first, so that opt-outs exist before referrals do."""
        scan(self._client, self._source, _DOCTOR, self._doctors, "Doctors")
        scan(self._client, self._source, "", self._others, "All items")
        return self._found

    def _doctors(self, items: list[Item]) -> None:
        backup = doctor_items.from_items(items).records
        live = doctor_items.read(self._table, backup)
        for item, (key, lost) in zip(items, backup.items(), strict=True):
            if key not in live.versions:
                self._copy(item, "doctors")
            elif doctor_changes.with_lost_facts(live.records[key], lost) != live.records[key]:
                self._found.kinds["doctors with missing facts"] += 1
                if self._go:
                    self._claims.add_lost_facts(key, lost)

    def _others(self, items: list[Item]) -> None:
        wanted = [
            item for item in items if (kind := _kind(item)) and kind != _KINDS[_DOCTOR] and not self._erases(item)
        ]
        live = self._live(wanted)
        self._found.unreadable += [
            item["pk"]["S"].partition("#")[2] for item in live.values() if not _is_readable(item)
        ]
        missing = [item for item in wanted if _key(item) not in live]
        kept = self._kept([item["receipt"]["S"] for item in missing if item["sk"]["S"] == "referral"])
        for item in missing:
            if item["sk"]["S"] == "referral":
                self._referral(item, kept.get(item["receipt"]["S"], StoredTally()))
            else:
                self._copy(item, _kind(item))

    def _referral(self, item: Item, kept: StoredTally) -> None:
        try:
            referral = from_item(item)
        except (KeyError, TypeError, ValueError):
            self._found.unreadable.append(item["receipt"]["S"])
            return
        if kept.revision > referral.revision and kept.tally:
            since = _since(referral, kept.tally)
            state = ", ".join(since) or kept.tally.stage
            self._found.further.append(f"{referral.receipt} was counted in a later state: {state}.")
            milestones = {name: typed(timestamp(at)) for name, at in since.items()}
            item = item | {"milestones": {"M": item["milestones"]["M"] | milestones}}
            referral = from_item(item)
        # Must be higher than the counted revision, because `stats` ignores older ones.
        revision = max(referral.revision, kept.revision) + 1
        if referral.stage is Stage.CLOSED:
            self._copy(item | {"revision": typed(revision)}, "referrals, closed, unchanged")
        else:
            held = self._held(item, referral) | {"revision": typed(revision)}
            self._copy(held, "referrals, held as restored")

    def _held(self, item: Item, referral: Referral) -> Item:
        """Return the item with the stage `held` and the reason `restored`."""
        move = hold(Reason.RESTORED, self._now)
        held = replace(referral, stage=move.stage, reason=move.reason, due_at=move.due_at, waits_since=None, group=None)
        assert held.due_at, "a held referral is open"
        waits = task_attributes(held.campaign, tasks.task_kind(held), tasks.waiting_since(held))
        changes = {"stage": held.stage.value, "reason": held.reason, "due_at": timestamp(held.due_at), **waits}
        left = {name: value for name, value in item.items() if name not in _NOT_RESTORED}
        return left | {"open_in": typed(held.campaign)} | {name: typed(value) for name, value in changes.items()}

    def _copy(self, item: Item, kind: str) -> None:
        """Store and count the item, unless the table has it by now. Without `go`, only count it."""
        if not self._go or self._table.put_new(item) is None:
            self._found.kinds[kind] += 1

    def _erases(self, item: Item) -> bool:
        kind, _, receipt = item["pk"]["S"].partition("#")
        return kind == "referral" and receipt in self._erased

    def _live(self, items: Sequence[Item]) -> dict[tuple[str, str], Item]:
        keys = [{name: item[name] for name in ("pk", "sk")} for item in items]
        return {_key(item): item for item in self._table.read_many(keys).items}

    def _kept(self, receipts: Iterable[str]) -> dict[str, StoredTally]:
        keys = [stats_items.key(stats_items.tally_key(receipt)) for receipt in receipts]
        return {
            receipt: kept for item in self._stats.read_many(keys).items for receipt, kept in read_stored_tally(item)
        }


def _kind(item: Item) -> str:
    """Return the name of the item's kind, or an empty string if items of the kind are not copied."""
    if "expires" in item:
        return ""
    if item["pk"]["S"].startswith("audit#"):
        return _RECORDS
    return _KINDS.get(item["sk"]["S"].partition("#")[0], "")


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _is_readable(item: Item) -> bool:
    try:
        return item["sk"]["S"] != "referral" or bool(from_item(item))
    except (KeyError, TypeError, ValueError):
        return False


def _since(referral: Referral, tally: Tally) -> dict[str, datetime]:
    """Return the milestones that were counted but are not in the referral, at the start of their day in UTC.

    No milestone is before the submission.
    """
    return {
        fact: max(datetime.combine(day, time(), UTC), referral.submitted_at)
        for day, fact in sorted(tally.facts)
        if fact in _MILESTONES and fact not in referral.milestones
    }
