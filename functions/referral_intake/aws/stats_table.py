"""Read the counters for the dashboard. The read units depend only on the number of days."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from referral_intake.aws import stats_items
from referral_intake.aws.table import BATCH, Table
from referral_intake.core.counting import BREAKDOWNS, COHORT, NOW, TIME, TOTAL, CounterKey
from referral_intake.core.durations import DURATIONS, median
from referral_intake.core.overview import Day, Facts, Overview, Period, days_between, funnel, previous_period, sum_facts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How many batches are read in parallel.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class CounterValues:
    """The numbers other than 0, and the read units."""

    numbers: Mapping[CounterKey, int]
    units: float


class StatsTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def overview(self, campaign: str, first: date, last: date) -> tuple[Overview, float]:
        """Return the overview of these days and of the previous period, and the read units."""
        earliest, _ = previous_period(first, last)
        days = days_between(earliest, last)
        # The items of a day also have the cohort numbers of the referrals submitted on it.
        requested = [(dimension, day) for dimension in (TOTAL, TIME) for day in days]
        read = self.read(campaign, [*requested, (NOW, None)])
        by_day = _by_day(read.numbers)
        overview = Overview(
            campaign=campaign,
            period=_period(read.numbers, first, last),
            before=_period(read.numbers, *previous_period(first, last)),
            days=tuple(Day(day, by_day[TOTAL, day]) for day in days_between(first, last)),
            stages=by_day[NOW, None],
        )
        return overview, read.units

    def breakdown(self, campaign: str, dimension: str, first: date, last: date) -> tuple[Mapping[str, Facts], float]:
        """Return the facts of these days by the values of one of BREAKDOWNS, and the read units."""
        if dimension not in BREAKDOWNS:
            raise ValueError(dimension)
        read = self.read(campaign, [(dimension, day) for day in days_between(first, last)])
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for count, number in read.numbers.items():
            found[count.value][count.fact] += number
        return found, read.units

    def read(self, campaign: str, requested: Iterable[tuple[str, date | None]]) -> CounterValues:
        """Read all numbers of these dimensions and days. They can be some seconds old."""
        item_keys = [
            item_key for dimension, day in requested for item_key in stats_items.keys_for_day(campaign, dimension, day)
        ]
        keys = [stats_items.key(item_key) for item_key in item_keys]
        batches = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
        with ThreadPoolExecutor(min(_AT_ONCE, len(batches) or 1)) as pool:
            found = list(pool.map(self._table.read_many, batches))
        items = (item for one in found for item in one.items)
        numbers = {count: number for item in items for count, number in stats_items.numbers(item) if number}
        return CounterValues(numbers, sum(one.units for one in found))


def _by_day(numbers: Mapping[CounterKey, int]) -> defaultdict[tuple[str, date | None], Counter[str]]:
    found: defaultdict[tuple[str, date | None], Counter[str]] = defaultdict(Counter)
    for count, number in numbers.items():
        found[count.dimension, count.day][count.fact] += number
    return found


def _period(numbers: Mapping[CounterKey, int], first: date, last: date) -> Period:
    within = {count: number for count, number in numbers.items() if count.day and first <= count.day <= last}
    by_day, days = _by_day(within), days_between(first, last)
    buckets: dict[str, Counter[int]] = {step: Counter() for step in DURATIONS}
    for count, number in within.items():
        if count.dimension == TIME:
            buckets[count.value][int(count.fact)] += number
    return Period(
        first=first,
        last=last,
        facts=sum_facts([by_day[TOTAL, day] for day in days]),
        funnel=funnel(sum_facts([by_day[COHORT, day] for day in days])),
        medians={step: median(counted) for step, counted in buckets.items()},
    )
