"""Layout of the counters in the table. The table also stores each referral's tally.

An item has the numbers of one day. It always stays below 4 KB: dimensions with many values are spread over several
items. So reading a day has a constant cost: a batch read bills each item separately, rounded up to 4 KB, and a missing
item like the smallest.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from referral_intake.aws.item_format import Item, plain
from referral_intake.core.counting import COHORT, NO_STATE, NOW, SPECIALTY, STATE, TIME, TOTAL, CounterKey, Tally
from referral_intake.core.durations import DURATIONS
from referral_intake.core.specialties import SPECIALTIES
from referral_intake.core.us_states import STATES

CHANGES = "changes"
"""Attribute of every item: the number of transactions that have changed it."""

COUNTED = "counted#"
_NOW = "now"
_VALUES = {STATE: (NO_STATE, *sorted(set(STATES.values()))), SPECIALTY: SPECIALTIES, TIME: tuple(DURATIONS)}
# How many values share an item. A test asserts that no item reaches 4 KB.
_PER_ITEM = {STATE: 7, SPECIALTY: 3, TIME: 2}
# A step has many buckets, so its name is short here.
_STEP_CODES = dict(zip(DURATIONS, "sdea", strict=True))
_STEPS = {code: step for step, code in _STEP_CODES.items()}

ItemKey = tuple[str, str]
"""The key of an item: `pk` and `sk`."""


def key(item_key: ItemKey) -> Item:
    return {"pk": {"S": item_key[0]}, "sk": {"S": item_key[1]}}


def key_of(item: Item) -> ItemKey:
    return item["pk"]["S"], item["sk"]["S"]


# ---- Counters --------------------------------------------------------------------------------------------------------


def counter_location(count: CounterKey) -> tuple[ItemKey, str]:
    """Return the key of the item that has a number, and the name of its attribute."""
    day = count.day.isoformat() if count.day else _NOW
    return (f"{count.campaign}#{_group(count.dimension, count.value)}", day), _name(count)


def _name(count: CounterKey) -> str:
    match count.dimension:
        case "total" | "now":
            return count.fact
        case "cohort":
            return f"{COHORT}/{count.fact}"
        case "time":
            return _STEP_CODES[count.value] + count.fact
    return f"{count.value}/{count.fact}"


def _group(dimension: str, value: str) -> str:
    if dimension == COHORT:
        return TOTAL
    if dimension in _VALUES:
        known = _VALUES[dimension]
        return f"{dimension}#{known.index(value) // _PER_ITEM[dimension] if value in known else 0}"
    return dimension


def keys_for_day(campaign: str, dimension: str, day: date | None) -> list[ItemKey]:
    """Return the keys of all items with a dimension's numbers of a day."""
    groups = dict.fromkeys(_group(dimension, value) for value in _VALUES.get(dimension, ("",)))
    return [(f"{campaign}#{group}", day.isoformat() if day else _NOW) for group in groups]


def numbers(item: Item) -> Iterator[tuple[CounterKey, int]]:
    """Yield the numbers of an item, including zeros."""
    where, when = key_of(item)
    campaign, group, *_ = where.split("#")
    day = None if when == _NOW else date.fromisoformat(when)
    for name, value in item.items():
        if name not in {"pk", "sk", CHANGES}:
            dimension, of, fact = _read_name(group, name)
            yield CounterKey(campaign, dimension, of, day, fact), int(value["N"])


def _read_name(group: str, name: str) -> tuple[str, str, str]:
    """Return the dimension, value and fact."""
    of, _, fact = name.partition("/")
    if group == TIME:
        return TIME, _STEPS[name[0]], name[1:]
    if group == TOTAL and of == COHORT:
        return COHORT, "", fact
    return (group, "", name) if group in {TOTAL, NOW} else (group, of, fact)


# ---- Tallies of referrals --------------------------------------------------------------------------------------------


def tally_key(receipt: str) -> ItemKey:
    return COUNTED + receipt, "counted"


def receipt_of(item: Item) -> str | None:
    """Return the receipt if the item is a referral's tally, or None for a counter."""
    pk: str = item["pk"]["S"]
    return pk.removeprefix(COUNTED) if pk.startswith(COUNTED) else None


def tally_attributes(tally: Tally) -> dict[str, Any]:
    """Return the item's attributes as plain values."""
    return {
        "campaign": tally.campaign,
        "submitted_on": tally.submitted_on.isoformat(),
        "values": dict(tally.values),
        "stage": tally.stage,
        "facts": sorted(f"{day.isoformat()} {fact}" for day, fact in tally.facts),
        "times": sorted(f"{day.isoformat()} {step} {bucket}" for day, step, bucket in tally.times),
    }


def tally_from_item(item: Item) -> Tally:
    values: Mapping[str, Any] = plain(item)
    facts = (text.split(" ") for text in values["facts"])
    times = (text.split(" ") for text in values["times"])
    return Tally(
        campaign=values["campaign"],
        submitted_on=date.fromisoformat(values["submitted_on"]),
        values=values["values"],
        stage=values.get("stage"),
        facts=frozenset((date.fromisoformat(day), fact) for day, fact in facts),
        times=frozenset((date.fromisoformat(day), step, int(bucket)) for day, step, bucket in times),
    )
