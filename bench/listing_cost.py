"""Measure the read units of one page of the dashboard's listings: `python -m bench.listing_cost`.

It uses DynamoDB Local with ReturnConsumedCapacity, with 1,000 and with 100,000 referrals. No page may cost more than
MOST, even with a filter that only the oldest referral matches: the limit applies to each page up to it. Exits with 1
if a page costs more, or if that referral is not found.

It also measures the size of a typical item with and without the attributes for searches, because DynamoDB bills writes
by the kilobyte.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import boto3
from botocore.config import Config

from referral_intake.aws.item_format import Item, to_item
from referral_intake.aws.listing_table import ListingTable
from referral_intake.core.doctor import Address, Doctor
from referral_intake.core.referral import Referral, Stage, receipt_for
from referral_intake.core.search_filter import Filter, SearchCriteria
from referral_intake.core.tasks import TaskKind
from referral_intake.core.us_states import STATES
from tests.engines import dynamodb_local
from tests.integration import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FEW, MANY = 1_000, 100_000
MOST = 100
LAST = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
_STATES = sorted(set(STATES.values()))
_SPECIALTIES = ("Medical oncology", "Radiation oncology", "Neurosurgery", "Family medicine", "Dermatology")
_FIRST = ("Maria", "Robert", "Guadalupe", "Christopher", "Li", "Alexandra")
_LAST = ("Lopez", "Smith", "Nguyen", "Featherstonehaugh", "Garcia Marquez", "Kim")
# The attributes of an item that only the dashboard uses.
_SEARCH_ATTRIBUTES = (
    "submitted_at",
    "state",
    "specialty",
    "search_name",
    "email_identity",
    "npi",
    "waits_for",
    "waits_since",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a listing.

    Read units of the most expensive page and of all pages. `slowest` is in seconds.
    """

    pages: int
    most_expensive: float
    all_pages: float
    found: int
    slowest: float


def main(most: int) -> int:
    with dynamodb_local.running() as url:
        client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(max_pool_connections=10),
        )
        costs = {number: dict(measure(client, number)) for number in (FEW, most)}
    _say("referrals  listing                                     pages most per page  all pages  found  slowest page")
    for number, by_name in costs.items():
        for name, one in by_name.items():
            _say(
                f"{number:9,}  {name:42} {one.pages:6} {one.most_expensive:13.1f} {one.all_pages:10.1f} {one.found:6}"
                f" {one.slowest * 1000:9.0f} ms"
            )
    before, after = _weights()
    _say(
        f"A typical referral has {after} bytes, {before} without attributes for searches. A write unit is 1,024 bytes."
    )
    everything = [one for by_name in costs.values() for one in by_name.values()]
    return 0 if all(one.most_expensive <= MOST and one.found for one in everything) and after < 1024 else 1


def measure(client: "DynamoDBClient", number: int) -> Iterator[tuple[str, Cost]]:
    name = f"referrals-{number}"
    aws.make_table(client, name=name)
    _fill(client, name, number)
    listing = ListingTable(client, name)
    oldest = (LAST - timedelta(minutes=number - 1)).date()
    yield "the newest", _cost(listing, SearchCriteria("star"), at_most=3)
    yield "one state of 59", _cost(listing, SearchCriteria("star", Filter(state="IL")), at_most=3)
    yield "one name of 36", _cost(listing, SearchCriteria("star", words=("feather", "li")), at_most=3)
    yield "the rarest reason: the oldest has it", _cost(listing, SearchCriteria("star", Filter(reason="trap")))
    yield "the rarest name: the oldest has it", _cost(listing, SearchCriteria("star", words=("zebulon",)))
    yield (
        "the rarest name, on its own day",
        _cost(listing, SearchCriteria("star", Filter(oldest, oldest), words=("zebulon",))),
    )
    yield "an email address", _cost(listing, SearchCriteria("star", email="doctor7@clinic.example"))
    yield "an NPI", _cost(listing, SearchCriteria("star", npi="1000000007"))
    yield "the work list: held", _cost_of_work(listing)


def _cost(listing: ListingTable, wanted: SearchCriteria, at_most: int = 1000) -> Cost:
    units: list[float] = []
    times: list[float] = []
    found, cursor = 0, None
    while len(units) < at_most:
        started = time.monotonic()
        page = listing.search(wanted, cursor)
        times.append(time.monotonic() - started)
        units.append(page.units)
        found += len(page.referrals)
        if (cursor := page.cursor) is None:
            break
    return Cost(len(units), max(units), sum(units), found, max(times))


def _cost_of_work(listing: ListingTable) -> Cost:
    started = time.monotonic()
    page = listing.tasks("star", TaskKind.HELD)
    return Cost(1, page.units, page.units, len(page.referrals), time.monotonic() - started)


def _fill(client: "DynamoDBClient", table: str, number: int) -> None:
    # DynamoDB Local writes sequentially. The threads only parallelize the client.
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda start: _write(client, table, start, min(start + 25, number), number), range(0, number, 25))
        )


def _write(client: "DynamoDBClient", table: str, start: int, end: int, of: int) -> None:
    asked: Any = {table: [{"PutRequest": {"Item": _item(number, of)}} for number in range(start, end)]}
    while asked:
        asked = client.batch_write_item(RequestItems=asked)["UnprocessedItems"]


def _item(number: int, of: int) -> Item:
    """Return a referral. Number 0 is the newest, and each next one is a minute older. 0.5% are held."""
    random = Random(number)
    referral = _referral(random, number)
    if number % 200 == 7:
        referral = replace(referral, stage=Stage.HELD, reason="unproven")
    if number == of - 1:
        rarest = replace(referral.doctor, name="Zebulon Quick")
        referral = replace(referral, stage=Stage.HELD, reason="trap", doctor=rarest)
    return to_item(referral)


def _referral(random: Random, number: int) -> Referral:
    at = LAST - timedelta(minutes=number)
    doctor = Doctor(
        name=f"{random.choice(_FIRST)} {random.choice(_LAST)}",
        practice="Springfield Spine and Pain Center",
        specialty=random.choice(_SPECIALTIES),
        email=f"Doctor{number}@clinic.example",
        phone="+12175550123",
        npi=f"{1_000_000_000 + number}",
        address=Address("1200 East Main Street", None, "Springfield", random.choice(_STATES), "62701"),
        typed={"phone": "217 555 0123"},
    )
    return Referral(
        receipt=receipt_for(_uuid(random)),
        content=f"{random.getrandbits(256):064x}",
        campaign="star",
        locale="en",
        submitted_by="patient",
        doctor=doctor,
        stage=Stage.SENT,
        milestones={"submitted": at, "sent": at + timedelta(seconds=9)},
        due_at=at + timedelta(days=30),
        source=f"{random.getrandbits(128):032x}",
    )


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _weights() -> tuple[int, int]:
    referral = _referral(Random(1), 1)
    item = to_item(replace(referral, stage=Stage.QUEUED, milestones={"submitted": referral.submitted_at}))
    without = {name: value for name, value in item.items() if name not in _SEARCH_ATTRIBUTES}
    return _size(without), _size(item)


def _size(item: Item) -> int:
    """Return the size of an item in bytes, by the rules of DynamoDB."""
    return sum(len(name.encode()) + _size_of(value) for name, value in item.items())


def _size_of(value: Any) -> int:
    [(kind, inside)] = value.items()
    match kind:
        case "S":
            return len(inside.encode())
        case "N":
            return (len(inside) + 5) // 2
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size_of(one) for name, one in inside.items())
        case _:
            return 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the cost of one page of the dashboard's listings.")
    parser.add_argument("--most", type=int, default=MANY, help=f"the larger number of referrals (default: {MANY:,})")
    sys.exit(main(parser.parse_args().most))
