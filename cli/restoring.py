"""What a table has lost, taken from an older state of it, so that nobody is mailed by it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time

from cli.scans import scan
from cli.stacks import Stack
from referral_intake.aws import stats_items
from referral_intake.aws.items import Item, from_item, plain, timestamp, to_waits, typed
from referral_intake.aws.table import Table
from referral_intake.aws.updates import Update
from referral_intake.core import tasks
from referral_intake.core.counting import Tally
from referral_intake.core.decisions import hold
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral, Stage
from referral_intake.stats.counting_table import Kept, read_kept

# What is kept for good. The rest is made anew (the pace), lasts for some time only (`expires`), or is a wish that may
# have been taken back since (who gets the weekly summary).
_KINDS = {
    "referral": "referrals",
    "message": "messages beside their referral",
    "doctor": "doctors",
    "seen": "names and addresses seen together",
    "breaker": "breakers",
}
# Of what is counted, that which must not be forgotten: told, and what forbids telling again.
_MILESTONES = {"sent", "answered", "opted_out", "bounced", "complained"}
_DOCTOR, _RECORDS = "doctor", "records of who did what"


@dataclass
class Restored:
    """How much was copied, by kind. `further` says of referrals what they were counted as later than they come back."""

    kinds: Counter[str] = field(default_factory=Counter)
    further: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


class Restoring:
    """Without `go` it only looks. Referrals that are `erased` stay away."""

    def __init__(self, stack: Stack, source: str, *, go: bool, erased: frozenset[str] = frozenset()) -> None:
        self._client, self._now = stack.dynamodb, stack.now()
        self._table = Table(self._client, stack.output("TableName"))
        self._stats, self._source = Table(self._client, stack.output("StatsTableName")), source
        self._go, self._erased = go, erased
        self._found = Restored()

    def restore(self) -> Restored:
        """Doctors first: once a referral is back, who said no is known."""
        scan(self._client, self._source, _DOCTOR, self._doctors, "Doctors")
        scan(self._client, self._source, "", self._others, "All")
        return self._found

    def _doctors(self, items: list[Item]) -> None:
        live = self._live(items)
        for item in items:
            there = live.get(_key(item), {})
            # Claims can be given back, facts against mail never: only those are added to what is there.
            lost = {name: value for name, value in item.items() if name not in there and (not there or "S" in value)}
            if lost:
                self._add(item, lost) if there else self._copy(item, "doctors")

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
                self._referral(item, kept.get(item["receipt"]["S"], Kept()))
            else:
                self._copy(item, _kind(item))

    def _referral(self, item: Item, kept: Kept) -> None:
        try:
            referral = from_item(item)
        except (KeyError, TypeError, ValueError):
            self._found.unreadable.append(item["receipt"]["S"])
            return
        if kept.revision > referral.revision and kept.tally:
            since = _since(referral, kept.tally)
            self._found.further.append(f"{referral.receipt} went further: {', '.join(since) or kept.tally.stage}.")
            milestones = {name: typed(timestamp(at)) for name, at in since.items()}
            item = item | {"milestones": {"M": item["milestones"]["M"] | milestones}}
            referral = from_item(item)
        # A later one than what was counted, or it would count as what it was.
        revision = max(referral.revision, kept.revision) + 1
        if referral.stage is Stage.CLOSED:
            self._copy(item | {"revision": typed(revision)}, "referrals, closed as they were")
        else:
            held = self._held(item, referral) | {"revision": typed(revision)}
            self._copy(held, "referrals, held as restored")

    def _held(self, item: Item, referral: Referral) -> Item:
        """As it was, but that a person must look."""
        move = hold(Reason.RESTORED, self._now)
        held = replace(referral, stage=move.stage, reason=move.reason, due_at=move.due_at, waits_since=None)
        assert held.due_at, "what is held is open"
        waits = to_waits(held.campaign, tasks.waits_for(held), tasks.begins(held))
        said = {"stage": held.stage.value, "reason": held.reason, "due_at": timestamp(held.due_at), **waits}
        left = {name: value for name, value in item.items() if name not in {"leader", "setbacks", "attempt"}}
        return left | {"open_in": typed(held.campaign)} | {name: typed(value) for name, value in said.items()}

    def _copy(self, item: Item, kind: str) -> None:
        """Store the item, unless it exists by now."""
        if not self._go or self._table.put_new(item) is None:
            self._found.kinds[kind] += 1

    def _add(self, item: Item, lost: Item) -> None:
        update = Update({name: item[name] for name in ("pk", "sk")})
        for name, value in plain(lost).items():
            update.set_once(name, value)
        if self._go:
            self._table.update(update)
        self._found.kinds["doctors who had lost some of their facts"] += 1

    def _erases(self, item: Item) -> bool:
        kind, _, receipt = item["pk"]["S"].partition("#")
        return kind == "referral" and receipt in self._erased

    def _live(self, items: Sequence[Item]) -> dict[tuple[str, str], Item]:
        keys = [{name: item[name] for name in ("pk", "sk")} for item in items]
        return {_key(item): item for item in self._table.read_many(keys).items}

    def _kept(self, receipts: Iterable[str]) -> dict[str, Kept]:
        keys = [stats_items.key(stats_items.counted_place(receipt)) for receipt in receipts]
        return {receipt: kept for item in self._stats.read_many(keys).items for receipt, kept in read_kept(item)}


def _kind(item: Item) -> str:
    """What it is called; nothing where it does not come back."""
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
    """The milestones that it was counted with since, at the day that is known of each."""
    return {
        fact: max(datetime.combine(day, time(), UTC), referral.submitted_at)
        for day, fact in sorted(tally.facts)
        if fact in _MILESTONES and fact not in referral.milestones
    }
