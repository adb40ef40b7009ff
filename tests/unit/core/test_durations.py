"""Durations of steps, in buckets."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.durations import BUCKETS, bucket, median

LIKELY = st.integers(1, 390 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@given(durations=st.lists(LIKELY, min_size=1, max_size=99).filter(lambda some: len(some) % 2))
def test_a_median_from_the_buckets_is_at_most_five_percent_off(durations: list[timedelta]) -> None:
    estimate = median(Counter(map(bucket, durations)))
    assert estimate is not None
    true = sorted(durations)[len(durations) // 2]
    assert abs(estimate - true) <= 0.05 * true + timedelta(milliseconds=1)


@given(shorter=LIKELY, longer=LIKELY)
def test_a_longer_duration_is_never_in_an_earlier_bucket(shorter: timedelta, longer: timedelta) -> None:
    shorter, longer = sorted((shorter, longer))
    assert 0 < bucket(shorter) <= bucket(longer) < BUCKETS


@pytest.mark.parametrize("duration", [timedelta(0), timedelta(milliseconds=999), timedelta(days=-3)])
def test_a_duration_of_zero_or_less_is_in_the_first_bucket(duration: timedelta) -> None:
    assert bucket(duration) == 0
    assert median({0: 5}) == timedelta(milliseconds=500)


def test_a_very_long_duration_is_in_the_last_bucket() -> None:
    assert bucket(timedelta(days=5000)) == BUCKETS - 1
    estimate = median({BUCKETS - 1: 1})
    assert estimate is not None
    assert estimate > timedelta(days=360)


def test_no_durations_have_no_median() -> None:
    assert median({}) is None
    assert median({3: 0}) is None


def test_the_median_of_two_durations_is_the_lower_one() -> None:
    assert median({10: 1, 90: 1}) == median({10: 1})
