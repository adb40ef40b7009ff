"""Measure the read units of one view of the dashboard's overview: `python -m bench.overview_cost`.

It uses DynamoDB Local with ReturnConsumedCapacity, over the same 90 days with 1,000 and with 100,000 referrals: 45
days, compared with the 45 days before. Exits with 1 if the cost depends on the number of referrals. It does not,
because every item contains the numbers of one day and is smaller than 4 KB, and a batch read bills each item
separately, rounded up to 4 KB. The size of the largest item is printed too; tests/unit/aws/test_stats_items.py checks
its limit.

AWS bills a missing item like the smallest one, but DynamoDB Local does not. So the samples have events of each kind on
each day. The breakdown by state shows the difference: with 1,000 referrals, not every state has one every day, but AWS
bills the same as with many.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import boto3

from referral_intake.aws import stats_items
from referral_intake.aws.item_format import Item, typed
from referral_intake.aws.stats_items import ItemKey
from referral_intake.aws.stats_table import StatsTable
from referral_intake.core.counting import CounterKey, contributions, tally
from referral_intake.core.doctor import Address, Doctor
from referral_intake.core.referral import Answer, Referral, Stage
from referral_intake.core.us_states import STATES
from tests.engines import dynamodb_local
from tests.integration import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FEW, MANY = 1_000, 100_000
DAYS = 90
FIRST = datetime(2026, 9, 1, 14, 0, tzinfo=UTC)
_STATES = sorted(set(STATES.values()))
_SPECIALTIES = ("Medical oncology", "Radiation oncology", "Neurosurgery", "Family medicine", "Dermatology", None)


@dataclass(frozen=True, slots=True)
class Cost:
    overview: float
    by_state: float
    items: int
    largest: int
    numbers: int


def main(most: int) -> int:
    with dynamodb_local.running() as url:
        client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        costs = {number: measure(client, number) for number in (FEW, most)}
    _say("referrals  units of the overview  units by state   items   largest   numbers")
    for number, one in costs.items():
        _say(f"{number:9,} {one.overview:22} {one.by_state:15} {one.items:7,} {one.largest:7,} B {one.numbers:9,}")
    few, many = costs.values()
    return 0 if few.overview == many.overview else 1


def measure(client: "DynamoDBClient", referrals: int) -> Cost:
    name = f"stats-{referrals}"
    aws.make_table(client, "StatsTable", name)
    items = _items(referrals)
    _write(client, name, list(items.values()))
    stats, middle = StatsTable(client, name), FIRST.date() + timedelta(days=DAYS // 2)
    last = FIRST.date() + timedelta(days=DAYS - 1)
    overview, units = stats.overview("star", middle, last)
    _, by_state = stats.breakdown("star", "state", middle, last)
    submitted = overview.period.funnel[0].count + overview.before.funnel[0].count
    assert submitted == referrals, submitted
    largest = max(_size(item) for item in items.values())
    return Cost(units, by_state, len(items), largest, sum(len(item) - 2 for item in items.values()))


def _items(referrals: int) -> dict[ItemKey, Item]:
    """Return the counters of all sample referrals."""
    total: Counter[CounterKey] = Counter()
    random = Random(referrals)
    for number in range(referrals):
        total.update(contributions(tally(_referral(random, number))))
    items: defaultdict[ItemKey, Item] = defaultdict(dict)
    for count, amount in total.items():
        place, attribute = stats_items.counter_location(count)
        items[place][attribute] = typed(amount)
    return {place: {**stats_items.key(place), **numbers} for place, numbers in items.items()}


def _referral(random: Random, number: int) -> Referral:
    """Return a sample referral.

    Of each eleven per day, four doctors open the message, two of them answer, and one opens it on the same day.
    """
    at = FIRST + timedelta(days=number % DAYS)
    facts = {"submitted": at, **dict(_facts(random, at, number // DAYS))}
    # Omit events after the last day.
    known = {name: when for name, when in facts.items() if when < FIRST + timedelta(days=DAYS)}
    state, specialty = random.choice(_STATES), random.choice(_SPECIALTIES)
    return Referral(
        receipt=f"{number:016d}",
        content="",
        campaign="star",
        locale=random.choice(["en", "es"]),
        submitted_by=random.choice(["patient", "caregiver"]),
        doctor=replace(Doctor("Maria Lopez"), specialty=specialty, address=Address(state=state)),
        stage=Stage.CLOSED if "answered" in known else Stage.SENT,
        milestones=known,
        reason="answered" if "answered" in known else None,
        answer=random.choice(list(Answer)) if "answered" in known else None,
    )


def _facts(random: Random, at: datetime, of_the_day: int) -> Iterator[tuple[str, datetime]]:
    sent = at + timedelta(seconds=random.uniform(1, 90))
    delivered = sent + timedelta(seconds=random.lognormvariate(1, 1))
    yield from {"sent": sent, "delivered": delivered}.items()
    if of_the_day % 11 < 4:
        days = 0 if of_the_day % 11 == 0 else random.expovariate(0.3)
        opened = delivered + timedelta(days=days, minutes=random.uniform(1, 300))
        yield "opened", opened
        if of_the_day % 11 < 2:
            yield "answered", opened + timedelta(minutes=random.uniform(1, 20))


def _write(client: "DynamoDBClient", table: str, items: list[Item]) -> None:
    for start in range(0, len(items), 25):
        asked: Any = {table: [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]}
        while asked:
            asked = client.batch_write_item(RequestItems=asked)["UnprocessedItems"]


def _size(item: Item) -> int:
    """Return the size of an item in bytes by the rules of DynamoDB.

    Names and texts count by length. A number has one byte for two digits, and at most two more.
    """
    return sum(len(name) + len(value.get("S", "")) + (len(value.get("N", "")) + 5) // 2 for name, value in item.items())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the cost of one view of the dashboard's overview.")
    parser.add_argument("--most", type=int, default=MANY, help=f"the larger number of referrals (default: {MANY:,})")
    sys.exit(main(parser.parse_args().most))
