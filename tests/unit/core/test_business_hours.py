"""Working hours of doctors."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.business_hours import next_business_time, zone_of
from referral_intake.core.us_states import STATES

CHICAGO = ZoneInfo("America/Chicago")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("state", "zone"),
    [("NY", "America/New_York"), ("AZ", "America/Phoenix"), ("HI", "Pacific/Honolulu"), ("CA", "America/Los_Angeles")],
)
def test_a_state_with_one_time_zone_determines_the_zone(state: str, zone: str) -> None:
    assert zone_of(state, CHICAGO).key == zone


@pytest.mark.parametrize("state", ["TX", "FL", "ID", "AK", "AE", "", None])
def test_other_states_use_the_time_zone_of_the_campaign(state: str | None) -> None:
    assert zone_of(state, CHICAGO) is CHICAGO


def test_every_time_zone_exists_in_this_python() -> None:
    for code in STATES.values():
        assert zone_of(code, CHICAGO).utcoffset(datetime(2026, 7, 1, tzinfo=UTC)) is not None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T14:00", "2026-11-23T14:00"),  # Monday, exactly nine.
        ("2026-11-23T13:59", "2026-11-23T14:00"),
        ("2026-11-23T21:59", "2026-11-23T21:59"),  # One minute before five.
        ("2026-11-23T22:00", "2026-11-24T14:00"),
        ("2026-11-27T22:00", "2026-11-30T14:00"),  # Friday evening.
        ("2026-11-28T16:00", "2026-11-30T14:00"),  # Saturday noon.
        ("2026-03-08T12:00", "2026-03-09T13:00"),  # The Sunday on which daylight saving time begins.
    ],
)
def test_working_hours_are_nine_to_five_on_weekdays(moment: str, expected: str) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert next_business_time(at(moment), NEW_YORK) == at(expected)


@given(st.integers(0, 4 * 366 * 24 * 60), st.sampled_from(sorted(STATES.values())))
def test_working_hours_begin_within_three_days_and_the_result_is_stable(minutes: int, state: str) -> None:
    zone, start = zone_of(state, CHICAGO), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = next_business_time(start, zone)
    there = found.astimezone(zone)
    assert start <= found <= start + timedelta(days=3)
    assert there.weekday() < 5
    assert 9 <= there.hour < 17
    assert next_business_time(found, zone) == found
