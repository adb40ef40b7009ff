"""Figures of the dashboard, calculated from counters."""

from datetime import date, timedelta

from referral_intake.core.overview import Day, Period, by_week, days_between, funnel, previous_period, rate_per_message

MONDAY = date(2026, 11, 23)


def test_the_funnel_gives_the_share_of_each_step_in_the_previous_one() -> None:
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


def test_a_share_without_messages_is_undefined() -> None:
    assert {one.of_before for one in funnel({})} == {None}
    assert rate_per_message({}, "bounced") is None


def test_a_bounce_rate_is_relative_to_delivered_and_bounced_messages_as_in_the_breaker() -> None:
    facts = {"sent": 120, "delivered": 95, "bounced": 5, "complained": 1}
    assert rate_per_message(facts, "bounced") == 0.05
    assert Day(MONDAY, facts).rate("complained") == 0.01


def test_the_previous_period_has_the_same_length_and_ends_the_day_before() -> None:
    assert previous_period(MONDAY, MONDAY + timedelta(days=6)) == (
        MONDAY - timedelta(days=7),
        MONDAY - timedelta(days=1),
    )
    assert previous_period(MONDAY, MONDAY) == (MONDAY - timedelta(days=1),) * 2


def test_weeks_begin_on_monday_and_the_first_may_be_shorter() -> None:
    days = [Day(day, {"sent": 1}) for day in days_between(MONDAY - timedelta(days=2), MONDAY + timedelta(days=7))]
    weeks = by_week(days)
    assert [(one.day, one.facts["sent"]) for one in weeks] == [
        (MONDAY - timedelta(days=7), 2),
        (MONDAY, 7),
        (MONDAY + timedelta(days=7), 1),
    ]


def test_answers_and_closed_referrals_are_listed_by_kind() -> None:
    facts = {"answer/call": 2, "answer/no": 1, "closed/expired": 4, "answered": 3}
    period = Period(MONDAY, MONDAY, facts, (), {})
    assert period.answers == {"call": 2, "no": 1}
    assert period.closings == {"expired": 4}
