"""What marketing sees, worked out from numbers."""

from datetime import date, timedelta

from referral_intake.core.overview import Day, Period, by_week, days_of, funnel, mishap_rate, period_before

MONDAY = date(2026, 11, 23)


def test_the_funnel_says_of_each_step_how_many_of_the_step_before_came_so_far() -> None:
    steps = funnel({"submitted": 40, "sent": 20, "delivered": 18, "engaged": 9, "answered": 3, "opened": 11})
    assert [(one.name, one.count) for one in steps] == [
        ("submitted", 40),
        ("sent", 20),
        ("delivered", 18),
        ("engaged", 9),
        ("answered", 3),
    ]
    assert [one.of_before for one in steps] == [1, 0.5, 0.9, 0.5, 3 / 9]
    assert [one.of_all for one in steps] == [1, 0.5, 18 / 40, 9 / 40, 3 / 40]


def test_of_nothing_there_is_no_share() -> None:
    assert {one.of_before for one in funnel({})} == {None}
    assert mishap_rate({}, "bounced") is None


def test_a_bounce_rate_is_of_what_was_delivered_or_bounced_as_the_breaker_has_it() -> None:
    facts = {"sent": 120, "delivered": 95, "bounced": 5, "complained": 1}
    assert mishap_rate(facts, "bounced") == 0.05
    assert Day(MONDAY, facts).rate("complained") == 0.01


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    assert period_before(MONDAY, MONDAY + timedelta(days=6)) == (MONDAY - timedelta(days=7), MONDAY - timedelta(days=1))
    assert period_before(MONDAY, MONDAY) == (MONDAY - timedelta(days=1),) * 2


def test_weeks_begin_on_mondays_and_the_first_may_be_cut() -> None:
    days = [Day(day, {"sent": 1}) for day in days_of(MONDAY - timedelta(days=2), MONDAY + timedelta(days=7))]
    weeks = by_week(days)
    assert [(one.day, one.facts["sent"]) for one in weeks] == [
        (MONDAY - timedelta(days=7), 2),
        (MONDAY, 7),
        (MONDAY + timedelta(days=7), 1),
    ]


def test_answers_and_closings_are_told_by_their_kind() -> None:
    facts = {"answer/call": 2, "answer/no": 1, "closed/expired": 4, "answered": 3}
    period = Period(MONDAY, MONDAY, facts, (), {})
    assert period.answers == {"call": 2, "no": 1}
    assert period.closings == {"expired": 4}
