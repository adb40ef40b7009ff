"""`recount`: compare the counters of the dashboard with the table, and correct them while `stats` keeps counting."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from cli import failure_queues, options, output, stacks
from cli.stacks import Stack
from cli.table_scan import scan
from referral_intake.aws import stats_items
from referral_intake.aws.item_format import Item, from_item
from referral_intake.aws.stats_items import CHANGES, ItemKey
from referral_intake.aws.table import Table
from referral_intake.core.counting import CounterKey, Tally, contributions, tally
from referral_intake.core.referral import Referral
from referral_intake.stats.counting_table import CountingTable, counter_update, read_stored_tally, when_unchanged

_MOST_SHOWN = 200
# The `sk` of referrals, and of the items that record how each referral was counted.
_REFERRAL, _COUNTED = "referral", "counted"
# About the most numbers that fit into one update expression.
_MOST_NUMBERS = 150
_PASSES = 5


@dataclass
class Result:
    """The result of a comparison or correction.

    `differences` maps counters to their stored and correct values. `erased` referrals are counted but no longer in the
    table. `recounted` referrals were counted differently before. `unsettled` counters kept changing during the
    correction.
    """

    referrals: int = 0
    erased: int = 0
    recounted: int = 0
    unsettled: int = 0
    unreadable: list[str] = field(default_factory=list)
    differences: dict[CounterKey, tuple[int, int]] = field(default_factory=dict)


@dataclass
class _Counters:
    """The counters that one scan read. `changes` is the change number of each item, used in conditional updates."""

    numbers: Counter[CounterKey] = field(default_factory=Counter)
    changes: dict[ItemKey, int] = field(default_factory=dict)


def command(
    stack: options.Stack = None,
    go: Annotated[bool, options.flag("--go", "Correct the counters.")] = False,
    as_json: options.AsJson = False,
) -> int:
    """Compare the counters of the dashboard with the table, and correct them.

    Counts all referrals again and lists every counter that differs. With `--go`, corrects the counters and deletes the
    failure notices of stream records that were not counted. The command is safe at any time: `stats` keeps counting.

    Changes of the last seconds can appear as differences: run the command twice. Erased referrals stay counted.

    Exits with 0 if there is no difference, or with `--go` none is left, otherwise with 1.
    """
    target = stacks.select(stack)
    began, failures = target.now(), target.output("StatsFailuresUrl")
    found = Recounter(target).correct() if go else Recounter(target).compare()
    for receipt in found.unreadable:
        output.problem(f"{receipt} can't be read. Repair its item in the table.")
    if found.unsettled:
        output.problem(f"{_number(found.unsettled, 'counter')} kept changing. Try again when there is less traffic.")
    open_ends = bool(found.unreadable or (found.unsettled if go else found.differences))
    # The correction counted the records that the notices are about.
    deleted = failure_queues.clear(target.sqs, failures, began) if go and not open_ends else 0
    if as_json:
        output.print_json(_json(found, deleted, corrected=go))
    else:
        _show(found)
        for line in _corrected(found) if go else _compared(found):
            print(line)
        if go and not open_ends:
            print(f"Notices deleted: {deleted}.")
    return 1 if open_ends else 0


def _compared(found: Result) -> list[str]:
    counted = f"{_number(found.referrals, 'referral')} counted: {_number(len(found.differences), 'difference')}."
    return [f"Erased referrals that stay counted: {found.erased}.", counted] if found.erased else [counted]


def _corrected(found: Result) -> list[str]:
    counted = f"{_number(found.referrals, 'referral')} counted, {found.recounted} of them differently than before"
    return [f"{counted}; {_number(len(found.differences), 'more counter')} corrected."]


def _json(found: Result, deleted: int, *, corrected: bool) -> dict[str, Any]:
    differences = [
        {**count._asdict(), "counted": was, "actual": is_}
        for count, (was, is_) in sorted(found.differences.items(), key=_order)
    ]
    totals = {"referrals": found.referrals, "erased": found.erased, "recounted": found.recounted}
    left = {"unsettled": found.unsettled, "unreadable": found.unreadable, "notices_deleted": deleted}
    return {"corrected": corrected, **totals, **left, "differences": differences}


def _order(difference: tuple[CounterKey, Any]) -> str:
    return _name(difference[0])


def _show(found: Result) -> None:
    lines = [f"{_name(count)}: stored {was}, correct {is_}" for count, (was, is_) in found.differences.items()]
    for line in sorted(lines)[:_MOST_SHOWN]:
        print(line)
    if len(lines) > _MOST_SHOWN:
        print(f"... and {len(lines) - _MOST_SHOWN} more.")


def _name(count: CounterKey) -> str:
    day = count.day.isoformat() if count.day else ""
    return " ".join(filter(None, (count.campaign, day, count.dimension, count.value, count.fact)))


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


class Recounter:
    def __init__(self, stack: Stack) -> None:
        self._client = stack.dynamodb
        self._table = stack.output("TableName")
        self._stats = stack.output("StatsTableName")
        self._counters = Table(self._client, self._stats)

    def compare(self) -> Result:
        """Compare the counters with the table. Changes that are still in the stream count as differences."""
        found = Result()
        truth: Counter[CounterKey] = Counter()
        seen: set[str] = set()

        def each(referrals: list[Referral]) -> None:
            for referral in referrals:
                seen.add(referral.receipt)
                truth.update(contributions(tally(referral)))

        def each_kept(receipt: str, kept: Tally | None) -> None:
            if receipt not in seen:
                found.erased += receipt not in found.unreadable
                truth.update(contributions(kept))

        self._each_referral(found, each)
        counters = self._read_stats("", each_kept)
        found.differences = _differences(counters.numbers, truth)
        return found

    def correct(self) -> Result:
        """Count every referral again, then set each counter to the sum over the counted referrals."""
        found = Result()
        counting = CountingTable(self._client, self._stats)

        def each(referrals: list[Referral]) -> None:
            found.recounted += counting.count(referrals, recount=True)

        self._each_referral(found, each)
        for _ in range(_PASSES):
            found.unsettled = self._settle(found)
            if not found.unsettled:
                break
        return found

    def _each_referral(self, found: Result, each: Callable[[list[Referral]], None]) -> None:
        def readable(items: list[Item]) -> None:
            referrals = []
            for item in items:
                try:
                    referral = from_item(item)
                    referrals.extend([] if referral.is_test else [referral])
                except (KeyError, TypeError, ValueError):
                    # Continue with the other referrals. This one stays counted as before.
                    found.unreadable.append(item["pk"]["S"].partition("#")[2])
            found.referrals += len(referrals)
            each(referrals)

        scan(self._client, self._table, _REFERRAL, readable, "Referrals")

    def _read_stats(self, kind: str, each_kept: Callable[[str, Tally | None], None]) -> _Counters:
        found = _Counters()

        def each(items: list[Item]) -> None:
            for item in items:
                if kept := dict(read_stored_tally(item)):
                    for receipt, one in kept.items():
                        each_kept(receipt, one.tally)
                else:
                    found.numbers.update(dict(stats_items.numbers(item)))
                    found.changes[stats_items.key_of(item)] = int(item[CHANGES]["N"])

        scan(self._client, self._stats, kind, each, "Counters")
        return found

    def _settle(self, found: Result) -> int:
        """Correct the counters that do not change meanwhile. Return how many items are left for the next pass."""
        counters = self._read_stats("", lambda receipt, kept: None)
        # Must be read after the counters. If a counter has not changed since, its referrals are counted the same.
        truth: Counter[CounterKey] = Counter()
        self._read_stats(_COUNTED, lambda receipt, kept: truth.update(contributions(kept)))
        wrong = _differences(counters.numbers, truth)
        by_place: defaultdict[ItemKey, list[CounterKey]] = defaultdict(list)
        for count in wrong:
            by_place[stats_items.counter_location(count)[0]].append(count)
        return sum(
            not self._settled(place, counters.changes.get(place, 0), {count: wrong[count] for count in here}, found)
            for place, here in by_place.items()
        )

    def _settled(
        self, place: ItemKey, changes: int, wrong: Mapping[CounterKey, tuple[int, int]], found: Result
    ) -> bool:
        """Correct one item, unless it changed since the scan. Return whether all its counters are correct now."""
        now = dict(list(wrong.items())[:_MOST_NUMBERS])
        amounts = {stats_items.counter_location(count)[1]: is_ - was for count, (was, is_) in now.items()}
        if not self._counters.update(when_unchanged(counter_update(place, amounts), changes)):
            return False
        found.differences |= now
        return len(now) == len(wrong)


def _differences(
    counted: Mapping[CounterKey, int], truth: Mapping[CounterKey, int]
) -> dict[CounterKey, tuple[int, int]]:
    pairs = {count: (counted.get(count, 0), truth.get(count, 0)) for count in counted.keys() | truth.keys()}
    return {count: pair for count, pair in pairs.items() if pair[0] != pair[1]}
