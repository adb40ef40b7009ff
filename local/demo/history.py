"""Read and write the recorded history of the demo: a compressed text with one line of JSON for each item of the table.

A line contains the images of the item in order, each with the time at which it was written. At each load, values that
depend on the time and the stack are replaced in the text: dates, the name of the campaign, and URLs.
"""

import json
import lzma
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FILE = Path(__file__).with_name("history.jsonl.xz")

# 14 whole weeks in standard time. A load uses the first 13 and a part of the last one.
START, END = datetime(2025, 11, 10, tzinfo=UTC), datetime(2026, 2, 16, tzinfo=UTC)
WEEK = timedelta(weeks=1)
EARLIEST_END = END - WEEK

# Placeholders for the name of the campaign, and the URLs of the product and the site.
CAMPAIGN, PRODUCT_URL, SITE_URL = "demo-campaign", "https://product.invalid/", "https://site.invalid"

Item = dict[str, Any]
Images = list[tuple[str, Item]]

_ZONE, _STANDARD_TIME = ZoneInfo("America/New_York"), timedelta(hours=-5)
_HOUR = re.compile(r"\b\d{4}-\d\d-\d\d(?!\d)(?:T\d\d(?=:))?")
_EXPIRES = re.compile(r'(?<="expires":\{"N":")\d+')


@dataclass(frozen=True)
class Shift:
    """Moves times by whole weeks, and keeps the local time of day in the United States despite daylight saving time.

    Exact for states with daylight saving time, except in the hours of a Sunday night in which it begins or ends.
    """

    weeks: int

    @classmethod
    def to(cls, now: datetime) -> "Shift":
        """Return the shift that moves the last recorded week to the week of `now`."""
        weeks = (now - EARLIEST_END) // WEEK
        # In daylight saving time, the moved week starts an hour earlier in UTC.
        return cls(weeks + (Shift(weeks + 1).moved(EARLIEST_END) <= now))

    def moved(self, moment: datetime) -> datetime:
        there = moment.astimezone(UTC).replace(tzinfo=None) + _STANDARD_TIME + self.weeks * WEEK
        return there.replace(tzinfo=_ZONE).astimezone(UTC)

    def text(self, text: str) -> str:
        """Return the text with all dates, times and expiry times moved."""

        @cache
        def shifted(found: str) -> str:
            if "T" in found:
                return f"{self.moved(datetime.fromisoformat(f'{found}+00:00')):%Y-%m-%dT%H}"
            return (date.fromisoformat(found) + self.weeks * WEEK).isoformat()

        seconds = self.weeks * int(WEEK.total_seconds())
        text = _HOUR.sub(lambda match: shifted(match[0]), text)
        return _EXPIRES.sub(lambda match: str(int(match[0]) + seconds), text)


def write(lines: Iterable[str], file: Path = FILE) -> None:
    text = "".join(f"{line}\n" for line in sorted(lines))
    file.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def read(file: Path = FILE) -> str:
    return lzma.decompress(file.read_bytes()).decode()


def items_at(moment: datetime, text: str) -> Iterator[Item]:
    """Yield the items in their state at that time, without expired ones."""
    for line in text.splitlines():
        images: Images = json.loads(line)
        past = [item for at, item in images if datetime.fromisoformat(at) <= moment]
        if past and not is_expired(past[-1], moment):
            yield past[-1]


def is_expired(item: Item, moment: datetime) -> bool:
    return "expires" in item and int(item["expires"]["N"]) <= moment.timestamp()
