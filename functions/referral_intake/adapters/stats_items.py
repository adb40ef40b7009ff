"""How counters lie in the table, and beside them, for each referral, what it is counted as.

One item holds the numbers of a day, and is bound to stay below 4 KB however much is counted: dimensions with many
values are spread over several items. So reading a day costs the same whatever it holds: a batch read bills every key
that it asks for, whether there is an item or not, and rounds each up to 4 KB.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from referral_intake.adapters.items import Item, plain
from referral_intake.domain.counting import NO_STATE, NOW, SPECIALTY, STATE, TIME, Count, Tally
from referral_intake.domain.durations import STEPS
from referral_intake.domain.specialties import SPECIALTIES
from referral_intake.domain.states import STATES

CHANGES = "changes"
"""In every item: how many transactions have changed it."""

COUNTED = "counted#"
_NOW = "now"
_VALUES = {STATE: (NO_STATE, *sorted(set(STATES.values()))), SPECIALTY: SPECIALTIES}
# How many values share an item. A test holds that these make no item of 4 KB.
_PER_ITEM = {STATE: 7, SPECIALTY: 3}

Place = tuple[str, str]
"""The key of an item: `pk` and `sk`."""


def key(place: Place) -> Item:
    return {"pk": {"S": place[0]}, "sk": {"S": place[1]}}


def place_of(item: Item) -> Place:
    return item["pk"]["S"], item["sk"]["S"]


# ---- Counters --------------------------------------------------------------------------------------------------------


def place(count: Count) -> tuple[Place, str]:
    """The item that a number is in, and its attribute there."""
    day = count.day.isoformat() if count.day else _NOW
    name = count.fact if count.dimension == TIME or not count.value else f"{count.value}/{count.fact}"
    return (f"{count.campaign}#{_group(count.dimension, count.value)}", day), name


def _group(dimension: str, value: str) -> str:
    if dimension == TIME:
        return f"{dimension}#{value}"
    if dimension in _VALUES:
        known = _VALUES[dimension]
        return f"{dimension}#{known.index(value) // _PER_ITEM[dimension] if value in known else 0}"
    return dimension


def places(campaign: str, dimension: str, day: date | None) -> list[Place]:
    """All items that hold a dimension's numbers of a day."""
    values = STEPS if dimension == TIME else _VALUES.get(dimension, ("",))
    groups = dict.fromkeys(_group(dimension, value) for value in values)
    return [(f"{campaign}#{group}", day.isoformat() if day else _NOW) for group in groups]


def numbers(item: Item) -> Iterator[tuple[Count, int]]:
    """The numbers of an item, also those that are 0."""
    where, when = place_of(item)
    campaign, dimension, *rest = where.split("#")
    day = None if when == _NOW else date.fromisoformat(when)
    assert (dimension == NOW) == (day is None), where
    for name, value in item.items():
        if name not in {"pk", "sk", CHANGES}:
            of, slash, fact = name.partition("/")
            if dimension == TIME:
                of, fact = rest[0], name
            elif not slash or not _has_values(dimension):
                of, fact = "", name
            yield Count(campaign, dimension, of, day, fact), int(value["N"])


def _has_values(dimension: str) -> bool:
    return dimension not in {"total", "cohort", NOW}


# ---- What a referral is counted as -----------------------------------------------------------------------------------


def counted_place(receipt: str) -> Place:
    return COUNTED + receipt, "counted"


def receipt_of(item: Item) -> str | None:
    """Of what item this says what it is counted as; None of a counter."""
    pk: str = item["pk"]["S"]
    return pk.removeprefix(COUNTED) if pk.startswith(COUNTED) else None


def to_counted(tally: Tally) -> dict[str, Any]:
    """Its attributes, in plain values."""
    return {
        "campaign": tally.campaign,
        "submitted_on": tally.submitted_on.isoformat(),
        "values": dict(tally.values),
        "stage": tally.stage,
        "facts": sorted(f"{day.isoformat()} {fact}" for day, fact in tally.facts),
        "times": sorted(f"{day.isoformat()} {step} {bucket}" for day, step, bucket in tally.times),
    }


def from_counted(item: Item) -> Tally:
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
