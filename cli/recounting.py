"""Counting all referrals once more, and making the counters what that says, while the stream goes on counting."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cli.scans import scan
from cli.stacks import Stack
from referral_intake.aws import stats_items
from referral_intake.aws.items import Item, from_item
from referral_intake.aws.stats_items import CHANGES, Place
from referral_intake.aws.table import Table
from referral_intake.core.counting import Count, Tally, counts, tally
from referral_intake.core.referral import Referral
from referral_intake.stats.counting_table import CountingTable, moved, read_kept, when_unchanged

# The `sk` of referrals, and of what each is counted as.
_REFERRAL, _COUNTED = "referral", "counted"
# As many numbers as one update can change.
_MOST_NUMBERS = 150
_PASSES = 5


@dataclass
class Recount:
    """What was found. `differences` holds, by number, as what it was counted and what it is.

    `gone` are referrals that are counted and not in the table any more: erased ones stay counted. `anew` is how many
    referrals were counted as something else before, `unsettled` how many counters kept changing.
    """

    referrals: int = 0
    gone: int = 0
    anew: int = 0
    unsettled: int = 0
    unreadable: list[str] = field(default_factory=list)
    differences: dict[Count, tuple[int, int]] = field(default_factory=dict)


@dataclass
class _Counters:
    """As one reading found them. `changes` tell whether an item has changed since."""

    numbers: Counter[Count] = field(default_factory=Counter)
    changes: dict[Place, int] = field(default_factory=dict)


class Recounting:
    def __init__(self, stack: Stack) -> None:
        self._client = stack.dynamodb
        self._table = stack.output("TableName")
        self._stats = stack.output("StatsTableName")
        self._counters = Table(self._client, self._stats)

    def compare(self) -> Recount:
        """The counters beside what the table says. What the stream has yet to bring is a difference too."""
        found = Recount()
        truth: Counter[Count] = Counter()
        seen: set[str] = set()

        def each(referrals: list[Referral]) -> None:
            for referral in referrals:
                seen.add(referral.receipt)
                truth.update(counts(tally(referral)))

        def each_kept(receipt: str, kept: Tally | None) -> None:
            if receipt not in seen:
                found.gone += receipt not in found.unreadable
                truth.update(counts(kept))

        self._each_referral(found, each)
        counters = self._read_stats("", each_kept)
        found.differences = _differences(counters.numbers, truth)
        return found

    def correct(self) -> Recount:
        """Counts every referral as what it is, then makes each counter the sum of what the referrals are counted as."""
        found = Recount()
        counting = CountingTable(self._client, self._stats)

        def each(referrals: list[Referral]) -> None:
            found.anew += counting.count(referrals, again=True)

        self._each_referral(found, each)
        for _ in range(_PASSES):
            found.unsettled = self._settle(found)
            if not found.unsettled:
                break
        return found

    def _each_referral(self, found: Recount, each: Callable[[list[Referral]], None]) -> None:
        def readable(items: list[Item]) -> None:
            referrals = []
            for item in items:
                try:
                    referrals.append(from_item(item))
                except (KeyError, TypeError, ValueError):
                    # It must not stand before the others. As what it was counted, it stays.
                    found.unreadable.append(item["pk"]["S"].partition("#")[2])
            found.referrals += len(referrals)
            each(referrals)

        scan(self._client, self._table, _REFERRAL, readable, "Referrals")

    def _read_stats(self, kind: str, each_kept: Callable[[str, Tally | None], None]) -> _Counters:
        found = _Counters()

        def each(items: list[Item]) -> None:
            for item in items:
                if kept := dict(read_kept(item)):
                    for receipt, one in kept.items():
                        each_kept(receipt, one.tally)
                else:
                    found.numbers.update(dict(stats_items.numbers(item)))
                    found.changes[stats_items.place_of(item)] = int(item[CHANGES]["N"])

        scan(self._client, self._stats, kind, each, "Counters")
        return found

    def _settle(self, found: Recount) -> int:
        """Corrects the counters that nobody changes meanwhile. Returns how many others must wait for the next pass."""
        counters = self._read_stats("", lambda receipt, kept: None)
        # After them: where a counter has not changed since it was read, neither has what it counts.
        truth: Counter[Count] = Counter()
        self._read_stats(_COUNTED, lambda receipt, kept: truth.update(counts(kept)))
        wrong = _differences(counters.numbers, truth)
        by_place: defaultdict[Place, list[Count]] = defaultdict(list)
        for count in wrong:
            by_place[stats_items.place(count)[0]].append(count)
        return sum(
            not self._settled(place, counters.changes.get(place, 0), {count: wrong[count] for count in here}, found)
            for place, here in by_place.items()
        )

    def _settled(self, place: Place, changes: int, wrong: Mapping[Count, tuple[int, int]], found: Recount) -> bool:
        """Whether nothing is wrong any more in this item."""
        now = dict(list(wrong.items())[:_MOST_NUMBERS])
        amounts = {stats_items.place(count)[1]: is_ - was for count, (was, is_) in now.items()}
        if not self._counters.update(when_unchanged(moved(place, amounts), changes)):
            return False
        found.differences |= now
        return len(now) == len(wrong)


def _differences(counted: Mapping[Count, int], truth: Mapping[Count, int]) -> dict[Count, tuple[int, int]]:
    pairs = {count: (counted.get(count, 0), truth.get(count, 0)) for count in counted.keys() | truth.keys()}
    return {count: pair for count, pair in pairs.items() if pair[0] != pair[1]}
