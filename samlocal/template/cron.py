"""Evaluate the subset of EventBridge's cron expressions that uses minutes, hours and weekdays."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_EXPRESSION = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ANY = {"*", "?"}
# Each schedule is due at least once a week, so no earlier time needs a check.
_SEARCH_LIMIT = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression. Weekdays are numbered as in Python: Monday is 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    zone: str

    def is_between(self, start: datetime, end: datetime) -> bool:
        """Return whether the schedule is due after `start` and not after `end`."""
        minute = max(start, end - _SEARCH_LIMIT).replace(second=0, microsecond=0) + timedelta(minutes=1)
        while minute <= end:
            there = minute.astimezone(ZoneInfo(self.zone))
            if there.minute in self.minutes and there.hour in self.hours and there.weekday() in self.days:
                return True
            minute += timedelta(minutes=1)
        return False


def read(expression: str, zone: str) -> Cron:
    """Parse an expression. Raise ValueError if it is invalid or not supported."""
    fields = _EXPRESSION.fullmatch(expression)
    if not fields:
        raise ValueError(f"the local stack supports only rate(...) and cron(...), not {expression}")
    minutes, hours, *other, days, year = fields.groups()
    if not {*other, year} <= _ANY:
        raise ValueError(f"the local stack does not support days of the month, months and years: {expression}")
    for number, name in enumerate(_DAYS, start=1):
        days = days.replace(name, str(number))
    # In EventBridge, Sunday is 1.
    weekdays = frozenset((day - 2) % 7 for day in _numbers(days, 1, 7))
    return Cron(_numbers(minutes, 0, 59), _numbers(hours, 0, 23), weekdays, ZoneInfo(zone).key)


def _numbers(field: str, first: int, last: int) -> frozenset[int]:
    """Return the numbers of a field such as `*`, `5`, `1,3`, `7-11` or `0/15`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, _, end = (f"{first}-{last}" if span in _ANY else span).partition("-")
        until = int(end) if end else last if step else int(start)
        found |= set(range(int(start), until + 1, int(step or 1)))
    if not found <= set(range(first, last + 1)):
        raise ValueError(f"{field} is not from {first} to {last}")
    return frozenset(found)
