"""Storage layout of the counters."""

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.aws import stats_items
from referral_intake.aws.item_format import typed
from referral_intake.aws.stats_items import CHANGES
from referral_intake.core.counting import BREAKDOWNS, COHORT, NOW, TIME, TOTAL, CounterKey, contributions, tally
from referral_intake.core.durations import BUCKETS, DURATIONS
from referral_intake.core.mail_events import EventKind
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Stage
from referral_intake.core.specialties import SPECIALTIES
from referral_intake.core.submission import SUBMITTED_BY
from referral_intake.core.us_states import STATES
from tests.support.stats import history

DAY = date(2026, 11, 23)
FACTS = [
    *(kind.value for kind in EventKind),
    *("submitted", "answered", "opted_out", "opted_in", "engaged", Milestone.SCANNED),
    *(f"closed/{reason.value}" for reason in Closing),
    *(f"answer/{answer.value}" for answer in Answer),
]
VALUES = {
    "state": [*sorted(set(STATES.values())), "none"],
    "specialty": SPECIALTIES,
    "source": SUBMITTED_BY,
    # More languages than there are pages.
    "language": ["de", "en", "es", "fr", "ht", "vi", "zh"],
}


def every_count(dimension: str) -> list[CounterKey]:
    """All counters that one day can have."""
    match dimension:
        case "total" | "cohort":
            return [CounterKey("lumen", dimension, "", DAY, fact) for fact in FACTS]
        case "now":
            return [CounterKey("lumen", NOW, "", None, stage.value) for stage in Stage]
        case "time":
            return [
                CounterKey("lumen", TIME, step, DAY, str(bucket)) for step in DURATIONS for bucket in range(BUCKETS)
            ]
    return [CounterKey("lumen", dimension, value, DAY, fact) for value in VALUES[dimension] for fact in FACTS]


GROUPS = [(TOTAL, COHORT), (NOW,), (TIME,), *((one,) for one in BREAKDOWNS)]
"""Dimensions that share items."""

every_dimension = pytest.mark.parametrize("dimension", [TOTAL, COHORT, NOW, TIME, *BREAKDOWNS])


@pytest.mark.parametrize("dimensions", GROUPS)
def test_no_item_exceeds_the_size_of_one_read_unit(dimensions: tuple[str, ...]) -> None:
    sizes: dict[stats_items.ItemKey, int] = {}
    for count in (one for dimension in dimensions for one in every_count(dimension)):
        place, name = stats_items.counter_location(count)
        # A number takes one byte per two digits, and at most two more. A million per day exceeds the number of doctors.
        sizes[place] = sizes.get(place, 100) + len(name) + 2 + 4
    assert max(sizes.values()) < 4096


@every_dimension
def test_every_counter_of_a_day_is_stored_in_an_item_that_a_query_reads(dimension: str) -> None:
    day = None if dimension == NOW else DAY
    looked_for = set(stats_items.keys_for_day("lumen", dimension, day))
    assert {stats_items.counter_location(count)[0] for count in every_count(dimension)} <= looked_for


@every_dimension
def test_a_counter_survives_a_round_trip(dimension: str) -> None:
    items: dict[stats_items.ItemKey, dict[str, int]] = {}
    for number, count in enumerate(every_count(dimension)):
        place, name = stats_items.counter_location(count)
        items.setdefault(place, {CHANGES: 7})[name] = number
    found = {
        count: number
        for place, numbers in items.items()
        for count, number in stats_items.numbers(
            {**stats_items.key(place), **{name: typed(value) for name, value in numbers.items()}}
        )
    }
    assert found == {count: number for number, count in enumerate(every_count(dimension))}


def test_no_two_counters_share_a_place() -> None:
    every = [count for dimension in (TOTAL, COHORT, NOW, TIME, *BREAKDOWNS) for count in every_count(dimension)]
    assert len({stats_items.counter_location(count) for count in every}) == len(every)


@given(random=st.randoms(use_true_random=False))
def test_the_counted_state_of_a_referral_survives_a_round_trip(random: Random) -> None:
    counted = tally(history(random, random.randint(1, 12))[-1])
    values = {name: typed(value) for name, value in stats_items.tally_attributes(counted).items() if value is not None}
    item = {**stats_items.key(stats_items.tally_key("AAAA-AAAA-AAAA-AAAA")), **values}
    read = stats_items.tally_from_item(item)
    assert read == counted
    assert contributions(read) == contributions(counted)
    assert stats_items.receipt_of(item) == "AAAA-AAAA-AAAA-AAAA"
    # Keeps a transaction of a hundred items within the size limit of DynamoDB, and its cost low.
    assert len(str(stats_items.tally_attributes(counted))) < 2048


def test_an_unknown_state_still_has_a_place() -> None:
    place, _ = stats_items.counter_location(CounterKey("lumen", "state", "ZZ", DAY, "sent"))
    assert place in stats_items.keys_for_day("lumen", "state", DAY)
