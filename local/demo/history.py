"""The recorded history of the demo: a compressed text with one line of JSON for each item of the table.

A line holds the item's images in order, each with the time from which on it is the current one. Everything in the text
that depends on when and where it is loaded is replaced in the text: dates, the campaign's name, addresses.
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

# 14 whole weeks of standard time. A load shows the first 13 of them, and a part of the last.
START, END = datetime(2025, 11, 10, tzinfo=UTC), datetime(2026, 2, 16, tzinfo=UTC)
WEEK = timedelta(weeks=1)
FIRST_CUT = END - WEEK

# Stand for the campaign's name, its product's address and the site's.
CAMPAIGN, PRODUCT_URL, SITE_URL = "demo-campaign", "https://product.invalid/", "https://site.invalid"

Item = dict[str, Any]
Images = list[tuple[str, Item]]

_ZONE, _STANDARD_TIME = ZoneInfo("America/New_York"), timedelta(hours=-5)
_HOUR = re.compile(r"\b\d{4}-\d\d-\d\d(?!\d)(?:T\d\d(?=:))?")
_EXPIRES = re.compile(r'(?<="expires":\{"N":")\d+')


@dataclass(frozen=True)
class Shift:
    """Moves times by whole weeks, as clocks in the United States show them: what was at nine is at nine.

    Exact for states that have daylight saving time, except in the hours of a Sunday night in which it begins or ends.
    """

    weeks: int

    @classmethod
    def to(cls, now: datetime) -> "Shift":
        """The one after which the last recorded week holds `now`."""
        weeks = (now - FIRST_CUT) // WEEK
        # Daylight saving time begins the week an hour earlier.
        return cls(weeks + (Shift(weeks + 1).moved(FIRST_CUT) <= now))

    def moved(self, moment: datetime) -> datetime:
        there = moment.astimezone(UTC).replace(tzinfo=None) + _STANDARD_TIME + self.weeks * WEEK
        return there.replace(tzinfo=_ZONE).astimezone(UTC)

    def text(self, text: str) -> str:
        """With every date and every time in it moved."""

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
    """The items as they are at that time, without those that have expired."""
    for line in text.splitlines():
        images: Images = json.loads(line)
        past = [item for at, item in images if datetime.fromisoformat(at) <= moment]
        if past and not is_expired(past[-1], moment):
            yield past[-1]


def is_expired(item: Item, moment: datetime) -> bool:
    return "expires" in item and int(item["expires"]["N"]) <= moment.timestamp()
