"""Rules at unusual dates: a leap day, the end of a year, and the Sundays of clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from referral_intake.core import breaker
from referral_intake.core.breaker import BreakerPolicy
from referral_intake.core.business_hours import next_business_time
from referral_intake.core.counting import tally
from referral_intake.core.milestones import Milestone
from referral_intake.core.overview import days_between, previous_period
from referral_intake.core.weekly_summary import is_due, week_before
from tests.support import samples

NEW_YORK, HONOLULU = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Honolulu")
POLICY = BreakerPolicy(timedelta(days=7), minimum_volume=10, minimum_sources=2, bounce_rate=0.1, complaint_rate=0.1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2028-02-28T23:00", "2028-02-29T14:00"),  # Monday evening: the leap day is a Tuesday.
        ("2028-02-29T23:00", "2028-03-01T14:00"),
        ("2026-12-31T23:00", "2027-01-01T14:00"),  # A holiday counts as a working day.
        ("2027-12-31T23:00", "2028-01-03T14:00"),  # A Friday.
        ("2027-03-12T23:00", "2027-03-15T13:00"),  # Daylight saving time begins on the Sunday between.
        ("2027-03-14T06:59", "2027-03-15T13:00"),
        ("2027-03-14T07:00", "2027-03-15T13:00"),
        ("2027-11-05T22:00", "2027-11-08T14:00"),  # It ends on the Sunday between.
        ("2027-11-07T05:30", "2027-11-08T14:00"),  # The hour that occurs twice.
    ],
)
def test_the_next_working_morning_is_at_nine_in_the_doctors_time_zone(moment: str, expected: str) -> None:
    assert next_business_time(utc(moment), NEW_YORK) == utc(expected)


@pytest.mark.parametrize("today", [date(2028, 2, 29), date(2028, 3, 1), date(2027, 1, 1), date(2027, 3, 15)])
def test_the_breaker_covers_seven_days_at_any_date(today: date) -> None:
    for days_ago, reason in ((6, "bounces"), (7, None)):
        day = today - timedelta(days=days_ago)
        counts: dict[tuple[date, str], int] = {(day, Milestone.DELIVERED): 10, (day, Milestone.BOUNCED): 10}
        counts[day, breaker.SOURCE_COUNTS[Milestone.BOUNCED]] = 10
        assert breaker.trip_reason(counts, POLICY, today) == reason


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ("2028-02-29", "2028-02-29", ("2028-02-28", "2028-02-28")),
        ("2028-03-01", "2028-03-31", ("2028-01-30", "2028-02-29")),
        ("2027-03-01", "2027-03-31", ("2027-01-29", "2027-02-28")),
        ("2027-01-01", "2027-01-07", ("2026-12-25", "2026-12-31")),
    ],
)
def test_the_previous_range_has_as_many_days(first: str, last: str, before: tuple[str, str]) -> None:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    found = previous_period(start, end)
    assert tuple(map(str, found)) == before
    assert len(days_between(*found)) == len(days_between(start, end))


@pytest.mark.parametrize(
    ("monday", "week"),
    [
        ("2027-01-04", ("2026-12-28", "2027-01-03")),
        ("2028-03-06", ("2028-02-28", "2028-03-05")),
        ("2027-03-15", ("2027-03-08", "2027-03-14")),
        ("2027-11-08", ("2027-11-01", "2027-11-07")),
    ],
)
def test_the_summary_covers_the_seven_days_up_to_sunday_and_is_due_at_seven(monday: str, week: tuple[str, str]) -> None:
    seven = datetime.fromisoformat(f"{monday}T07:00").replace(tzinfo=NEW_YORK)
    assert is_due(seven, NEW_YORK)
    assert not is_due(seven - timedelta(minutes=1), NEW_YORK)
    assert tuple(map(str, week_before(seven, NEW_YORK))) == week


@pytest.mark.parametrize("zone", [NEW_YORK, HONOLULU])
def test_the_week_of_the_summary_is_over_in_utc_when_it_is_due(zone: ZoneInfo) -> None:
    """Counters use days in UTC."""
    for hour in range(7 * 24):
        now = utc("2028-02-26T00:00") + timedelta(hours=hour)
        if is_due(now, zone):
            assert week_before(now, zone)[1] < now.date()


def test_facts_count_on_their_day_in_utc_at_the_end_of_a_year() -> None:
    submitted = utc("2026-12-31T23:59:59.999")
    milestones = {"submitted": submitted, "sent": submitted + timedelta(milliseconds=1)}
    counted = tally(replace(samples.referral(), milestones=milestones))
    assert counted.facts == {(date(2026, 12, 31), "submitted"), (date(2027, 1, 1), "sent")}
