"""EventBridge's cron expressions, as far as schedules by weekday and hour need them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_EXPRESSION = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ANY = {"*", "?"}
# Further back, it has been time for what is due each week.
_FURTHEST = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Cron:
    """Days of the week as in Python, from Monday, 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    zone: str

    def is_between(self, start: datetime, end: datetime) -> bool:
        """Whether it is time after `start`, until and with `end`."""
        minute = max(start, end - _FURTHEST).replace(second=0, microsecond=0) + timedelta(minutes=1)
        while minute <= end:
            there = minute.astimezone(ZoneInfo(self.zone))
            if there.minute in self.minutes and there.hour in self.hours and there.weekday() in self.days:
                return True
            minute += timedelta(minutes=1)
        return False


def read(expression: str, zone: str) -> Cron:
    """Raises ValueError."""
    fields = _EXPRESSION.fullmatch(expression)
    if not fields:
        raise ValueError(f"the local stack runs rate(...) and cron(...) only, not {expression}")
    minutes, hours, *other, days, year = fields.groups()
    if not {*other, year} <= _ANY:
        raise ValueError(f"the local stack knows no days of a month, months and years: {expression}")
    for number, name in enumerate(_DAYS, start=1):
        days = days.replace(name, str(number))
    # Sunday is 1 there.
    weekdays = frozenset((day - 2) % 7 for day in _numbers(days, 1, 7))
    return Cron(_numbers(minutes, 0, 59), _numbers(hours, 0, 23), weekdays, ZoneInfo(zone).key)


def _numbers(field: str, first: int, last: int) -> frozenset[int]:
    """`*`, `5`, `1,3`, `7-11`, `0/15`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, _, end = (f"{first}-{last}" if span in _ANY else span).partition("-")
        until = int(end) if end else last if step else int(start)
        found |= set(range(int(start), until + 1, int(step or 1)))
    if not found <= set(range(first, last + 1)):
        raise ValueError(f"{field} is not from {first} to {last}")
    return frozenset(found)
