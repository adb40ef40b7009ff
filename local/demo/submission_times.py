"""Draw the times of submissions: more each week, on weekdays and in the evening, with a peak on one campaign day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

_WEEKDAYS = (1.0, 1.1, 1.05, 1.0, 0.85, 0.45, 0.4)
_GROWTH = 1.6
# Factors for the campaign day, for example because of a newspaper article, and for the days after it.
_PEAK = (4.5, 2.4, 1.7, 1.3)
_TUESDAY = 1
_HOURS = (0, 0, 0, 0, 0, 1, 2, 4, 6, 9, 11, 10, 8, 7, 8, 8, 7, 6, 7, 9, 10, 8, 4, 1)


@dataclass(frozen=True, slots=True)
class SubmissionTimes:
    """The distribution of submissions over `days` days. `end` is the day after the last one."""

    end: date
    days: int

    @property
    def campaign_day(self) -> date:
        """Return a Tuesday in the last quarter of the days."""
        day = self.end - timedelta(days=self.days // 4)
        return day - timedelta(days=(day.weekday() - _TUESDAY) % 7)

    def moments(self, random: Random, count: int) -> list[date]:
        """Return a day for each of `count` submissions, in ascending order."""
        days = [self.end - timedelta(days=self.days - number) for number in range(self.days)]
        return sorted(random.choices(days, list(self._weights(days)), k=count))

    def _weights(self, days: list[date]) -> Iterator[float]:
        for number, day in enumerate(days):
            since = (day - self.campaign_day).days
            peak = _PEAK[since] if 0 <= since < len(_PEAK) else 1.0
            yield _WEEKDAYS[day.weekday()] * (1 + (_GROWTH - 1) * number / len(days)) * peak


def a_moment(random: Random, day: date, zone: ZoneInfo) -> datetime:
    """Return a time on that day in UTC, at a likely hour in the time zone."""
    while True:
        hour = random.choices(range(24), _HOURS)[0]
        there = time(hour, random.randrange(60), random.randrange(60), random.randrange(1000) * 1000)
        for shift in (0, 1):
            moment = datetime.combine(day - timedelta(days=shift), there, zone).astimezone(UTC)
            if moment.date() == day:
                return moment
