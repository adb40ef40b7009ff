"""Compute the counters of the recorded history in one pass, by the counting rules of the functions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from local.demo.history import Item
from referral_intake.aws import stats_items
from referral_intake.aws.item_format import typed
from referral_intake.core.counting import contributions, tally
from referral_intake.core.referral import Referral


def counters(referrals: Iterable[Referral]) -> Iterator[Item]:
    """Yield the items of the StatsTable: one item per referral that records how it is counted, and the counters."""
    numbers: defaultdict[stats_items.ItemKey, Counter[str]] = defaultdict(Counter)
    for referral in referrals:
        counted = tally(referral)
        values = {**stats_items.tally_attributes(counted), "revision": referral.revision}
        yield _item(stats_items.tally_key(referral.receipt), values)
        for count, number in contributions(counted).items():
            place, name = stats_items.counter_location(count)
            numbers[place][name] += number
    yield from (_item(place, names) for place, names in numbers.items())


def _item(place: stats_items.ItemKey, values: Mapping[str, object]) -> Item:
    attributes = {**values, stats_items.CHANGES: 1}
    return {**stats_items.key(place), **{name: typed(value) for name, value in attributes.items() if value is not None}}
