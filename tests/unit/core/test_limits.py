"""Marks: how many different members each may have, per day, per week or in all."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from referral_intake.core.limits import UNDATED, WEEK_FACTOR, GroupKind, Mark
from referral_intake.core.reasons import Reason

TODAY = date(2026, 11, 23)


def daily(member: str, maximum: int = 2) -> Mark:
    return Mark(
        Reason.MANY_AT_ONE_DOMAIN,
        GroupKind.DOMAIN,
        "limit#domain#k1#2#0123456789abcdef0123",
        member,
        maximum,
        is_daily=True,
    )


def day(days_ago: int) -> str:
    return (TODAY - timedelta(days=days_ago)).isoformat()


def test_a_new_member_is_refused_when_the_day_is_full_and_a_counted_one_never() -> None:
    counted = {day(0): {"a", "b"}}
    assert daily("c").is_exceeded(counted, TODAY)
    assert not daily("a").is_exceeded(counted, TODAY)
    assert not daily("c").is_exceeded({day(1): {"a", "b"}}, TODAY)


def test_a_week_allows_three_full_days() -> None:
    full = {day(days): {f"{days}a", f"{days}b"} for days in (1, 3, 6)}
    assert daily("c").is_exceeded(full, TODAY)
    assert not daily("6a").is_exceeded(full, TODAY), "counted this week"
    assert not daily("c").is_exceeded({**full, day(6): {"6a"}}, TODAY)
    assert not daily("c").is_exceeded({day(1): {"1a", "1b"}, day(3): {"3a", "3b"}, day(7): {"7a", "7b"}}, TODAY)


def test_a_member_that_came_back_counts_once_in_the_week() -> None:
    assert not daily("c").is_exceeded({day(1): {"a", "b"}, day(2): {"a", "b"}, day(3): {"a", "b"}}, TODAY)


def test_sets_of_earlier_weeks_are_outdated() -> None:
    assert daily("a").outdated({day(0): {"a"}, day(6): {"b"}, day(7): {"c"}, day(40): {"d"}}, TODAY) == [
        day(40),
        day(7),
    ]


def test_a_mark_without_a_day_has_one_set() -> None:
    mark = Mark(Reason.MANY_FROM_ONE_SOURCE, GroupKind.SOURCE, "source#0123", "c", 2)
    assert (mark.part(TODAY), mark.group) == (UNDATED, "source-0123")
    assert mark.is_exceeded({UNDATED: {"a", "b"}}, TODAY)
    assert not mark.is_exceeded({UNDATED: {"a", "c"}}, TODAY)


def test_a_group_is_named_by_the_kind_and_a_part_of_the_hash() -> None:
    assert daily("a").group == "domain-0123456789abcdef"


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abcdefghij")), max_size=80), st.integers(1, 4))
def test_no_day_and_no_week_ever_has_more_new_members_than_its_limit(
    arrivals: list[tuple[int, str]], maximum: int
) -> None:
    counted: dict[str, set[str]] = {}
    for number, member in sorted(arrivals):
        mark, today = daily(member, maximum), TODAY + timedelta(days=number)
        for old in mark.outdated(counted, today):
            del counted[old]
        if not mark.is_counted(counted, today) and not mark.is_exceeded(counted, today):
            counted.setdefault(mark.part(today), set()).add(member)
        assert all(len(members) <= maximum for members in counted.values())
        assert sum(map(len, counted.values())) <= WEEK_FACTOR * maximum
