"""Count referrals: one transaction replaces a referral's tally and adds the difference to the counters.

Stream records can arrive twice, late or never. The counters are right again once a newer record arrives. A transaction
changes a referral's item only if it is unchanged since it was read, so a retry after a lost answer counts nothing
twice.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from referral_intake.aws import stats_items
from referral_intake.aws.item_format import Item
from referral_intake.aws.stats_items import CHANGES, ItemKey
from referral_intake.aws.table import BATCH, Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.counting import Tally, difference, tally
from referral_intake.core.errors import Conflict, Throttled, Unavailable
from referral_intake.core.referral import Referral

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# DynamoDB's limit for one transaction. 100 of these items are far below its other limit, 4 MB.
MAX_ITEMS = 100
# An update expression is limited to 4 KB. This many numbers fit.
MAX_NUMBERS = 200
_MAX_ATTEMPTS = 6
_FIRST_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class StoredTally:
    """The stored tally of a referral. `changes` is the number of writes to its item, 0 if there is none."""

    revision: int = 0
    changes: int = 0
    tally: Tally | None = None


@dataclass(frozen=True, slots=True)
class TallyChange:
    """Count a referral as `after`, at this revision. `is_whole` means that one transaction is enough."""

    referral: Referral
    before: StoredTally
    after: Tally
    revision: int
    is_whole: bool = True

    @property
    def numbers(self) -> Iterator[tuple[ItemKey, str, int]]:
        """The differences, as (item, attribute, amount)."""
        for count, amount in difference(self.before.tally, self.after).items():
            yield *stats_items.counter_location(count), amount


@dataclass
class Transaction:
    """Changes to write together. A counter that several of them change is updated once."""

    changes: list[TallyChange] = field(default_factory=list)
    counters: dict[ItemKey, Counter[str]] = field(default_factory=dict)

    def add(self, change: TallyChange) -> bool:
        """Add the change, unless the transaction would be too large. Return whether it was added."""
        updated: dict[ItemKey, Counter[str]] = {}
        for item_key, name, amount in change.numbers:
            updated.setdefault(item_key, Counter(self.counters.get(item_key)))[name] += amount
        items = len(self.counters.keys() | updated.keys()) + len(self.changes) + 1
        if self.changes and (items > MAX_ITEMS or any(len(names) > MAX_NUMBERS for names in updated.values())):
            return False
        self.changes.append(change)
        self.counters |= updated
        return True


def batch_changes(changes: Iterable[TallyChange]) -> Iterator[Transaction]:
    transaction = Transaction()
    for change in changes:
        if not transaction.add(change):
            yield transaction
            transaction = Transaction()
            transaction.add(change)
    if transaction.changes:
        yield transaction


class CountingTable:
    def __init__(self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = Table(client, name, sleep)
        self._sleep = sleep

    def count(self, referrals: Iterable[Referral], *, recount: bool = False) -> int:
        """Count each referral. Return how many tallies changed. Raise Unavailable.

        Skip a referral that was counted at this revision or a later one. With `recount`, skip only later ones.
        """
        pending: dict[str, Referral] = {}
        for referral in sorted(referrals, key=lambda referral: referral.revision):
            pending[referral.receipt] = referral
        done = 0
        for attempt in range(_MAX_ATTEMPTS):
            changes = list(self._changes(pending.values(), recount=recount))
            left = [change for one in batch_changes(changes) if not self._commit(one) for change in one.changes]
            left += [change for change in changes if not change.is_whole]
            pending = {change.referral.receipt: change.referral for change in left}
            done += len(changes) - len(pending)
            if not pending:
                return done
            # Another instance changes the same counters. The random pause keeps their retries apart.
            self._sleep(random.uniform(0.5, 1) * _FIRST_PAUSE * 2**attempt)  # noqa: S311  (jitter, not cryptography)
        raise Unavailable("TransactionConflict")

    def _changes(self, referrals: Iterable[Referral], *, recount: bool) -> Iterator[TallyChange]:
        pending = list(referrals)
        for start in range(0, len(pending), BATCH):
            part = pending[start : start + BATCH]
            stored = self._stored([referral.receipt for referral in part])
            for referral in part:
                before, after = stored.get(referral.receipt, StoredTally()), tally(referral)
                is_new = referral.revision > before.revision
                if is_new or (recount and referral.revision == before.revision and after != before.tally):
                    yield _in_one_transaction(TallyChange(referral, before, after, referral.revision))

    def _stored(self, receipts: Sequence[str]) -> Mapping[str, StoredTally]:
        keys = [stats_items.key(stats_items.tally_key(receipt)) for receipt in receipts]
        found = self._table.read_many(keys, consistent=True)
        return {receipt: stored for item in found.items for receipt, stored in read_stored_tally(item)}

    def _commit(self, transaction: Transaction) -> bool:
        """Write everything and return True, or write nothing and return False. After False, read again and retry."""
        updates = [_tally_update(change) for change in transaction.changes]
        updates += [counter_update(item_key, names) for item_key, names in transaction.counters.items()]
        try:
            return not self._table.transact(updates=updates)
        except (Conflict, Throttled):
            return False


def _in_one_transaction(change: TallyChange) -> TallyChange:
    """Remove the old tally first if too many items change. The new tally then takes another transaction."""
    if len({item_key for item_key, _, _ in change.numbers}) < MAX_ITEMS:
        return change
    empty_tally = replace(change.after, stage=None, facts=frozenset(), times=frozenset())
    return replace(change, after=empty_tally, revision=change.before.revision, is_whole=False)


def read_stored_tally(item: Item) -> Iterator[tuple[str, StoredTally]]:
    """Yield the receipt and the tally of a referral's item. Yield nothing for other items."""
    if receipt := stats_items.receipt_of(item):
        yield (
            receipt,
            StoredTally(int(item["revision"]["N"]), int(item[CHANGES]["N"]), stats_items.tally_from_item(item)),
        )


def _tally_update(change: TallyChange) -> Update:
    update = Update(stats_items.key(stats_items.tally_key(change.referral.receipt)))
    for name, value in stats_items.tally_attributes(change.after).items():
        update.set(name, value)
    update.set("revision", change.revision)
    return when_unchanged(update, change.before.changes).add(CHANGES, 1)


def counter_update(item_key: ItemKey, names: Mapping[str, int]) -> Update:
    """Return the update that adds to an item's numbers. It counts as a change even if all amounts are 0."""
    update = Update(stats_items.key(item_key))
    for name, amount in names.items():
        if amount:
            update.add(name, amount)
    return update.add(CHANGES, 1)


def when_unchanged(update: Update, changes: int) -> Update:
    """Add the condition that the item has been changed this many times. 0 means that it does not exist."""
    if changes:
        return update.when_equal(CHANGES, changes)
    return update.when(f"attribute_not_exists({update.name(CHANGES)})")
