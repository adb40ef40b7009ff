"""Schedules by weekday and hour, as EventBridge evaluates them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from samlocal.template import cron

CHICAGO = ZoneInfo("America/Chicago")
MONDAY = datetime(2026, 11, 23, tzinfo=CHICAGO)


def firing_times(expression: str, start: datetime, hours: int, zone: str = "America/Chicago") -> list[str]:
    clock = cron.read(expression, zone)
    minutes = [start + timedelta(minutes=minute) for minute in range(hours * 60)]
    return [f"{one:%a %H:%M}" for one in minutes if clock.is_between(one - timedelta(minutes=1), one)]


def test_a_schedule_fires_at_its_hours_and_days() -> None:
    assert firing_times("cron(0 6-8 ? * MON *)", MONDAY, 48) == ["Mon 06:00", "Mon 07:00", "Mon 08:00"]
    assert firing_times("cron(30 9 ? * MON-TUE *)", MONDAY, 72) == ["Mon 09:30", "Tue 09:30"]
    assert firing_times("cron(0/20 9 ? * 2 *)", MONDAY, 24) == ["Mon 09:00", "Mon 09:20", "Mon 09:40"]
    assert firing_times("cron(5 12 ? * * *)", MONDAY, 48) == ["Mon 12:05", "Tue 12:05"]


def test_hours_are_in_the_time_zone_of_the_schedule() -> None:
    assert firing_times("cron(0 12 ? * MON *)", MONDAY, 24, zone="UTC") == ["Mon 06:00"]


def test_a_clock_that_skips_the_scheduled_time_fires_once() -> None:
    weekly = cron.read("cron(0 6 ? * MON *)", "America/Chicago")
    assert weekly.is_between(MONDAY - timedelta(days=3), MONDAY + timedelta(days=3))
    assert weekly.is_between(MONDAY - timedelta(days=3000), MONDAY + timedelta(days=3))
    assert not weekly.is_between(MONDAY + timedelta(hours=6), MONDAY + timedelta(hours=6, seconds=40))
    assert not weekly.is_between(MONDAY + timedelta(days=1), MONDAY + timedelta(days=3))


@pytest.mark.parametrize(
    "expression",
    [
        "at(2026-11-22T10:00:00)",
        "cron(0 6 1 * ? *)",
        "cron(0 6 ? 1 MON *)",
        "cron(0 25 ? * MON *)",
        "cron(0 6 ? * XYZ *)",
    ],
)
def test_an_expression_that_the_local_stack_does_not_support_is_an_error(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        cron.read(expression, "UTC")


def test_an_unknown_time_zone_is_an_error() -> None:
    with pytest.raises((ValueError, KeyError)):
        cron.read("cron(0 6 ? * MON *)", "Nowhere/City")
