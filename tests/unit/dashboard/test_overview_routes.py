"""Routes for the figures of the dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from referral_intake.core.breaker import Pause
from referral_intake.core.overview import Day, Facts, Overview, Period, funnel, previous_period
from tests.support import samples
from tests.support.dashboard import VIEWER, FakeAccount, FakeDashboard, ask

FACTS = {"submitted": 10, "sent": 8, "delivered": 7, "bounced": 1, "answer/call": 1, "closed/answered": 1}
FIRST, LAST = date(2026, 11, 14), date(2026, 11, 16)
DAYS = f"campaign=lumen&from={FIRST}&to={LAST}"


@dataclass
class FakeStats:
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def overview(self, campaign: str, first: date, last: date) -> tuple[Overview, float]:
        self.calls.append((campaign, first, last))
        before = period(*previous_period(first, last), {})
        days = tuple(Day(first + timedelta(days=number), {"sent": number + 1}) for number in range(3))
        return Overview(campaign, period(first, last, FACTS), before, days, {"held": 3}), 12.5

    def breakdown(self, campaign: str, dimension: str, first: date, last: date) -> tuple[Mapping[str, Facts], float]:
        self.calls.append((campaign, dimension, first, last))
        return {"TX": {"sent": 2}, "IL": {"sent": 5}}, 2.0


def period(first: date, last: date, facts: Facts) -> Period:
    medians = {"submitted_to_sent": timedelta(seconds=90.5) if facts else None}
    return Period(first, last, facts, funnel(facts), medians)


def parts(**others: Any) -> FakeDashboard:
    defaults = {"stats": FakeStats(), "breaker": SimpleNamespace(pause=lambda _: None), "ses_account": FakeAccount()}
    return FakeDashboard(**defaults | others)


def test_a_signed_in_user_gets_their_rights_and_the_campaigns() -> None:
    status, response = ask(parts(), "GET", "/me", groups="[viewer others]")
    assert status == 200
    assert (response["user"], response["roles"]) == ("robin", ["viewer"])
    assert response["campaigns"] == [
        {"name": "lumen", "title": "Lumen Spine Lamp"},
        {"name": "relay", "title": "Nerve Relay"},
    ]
    assert response["weekly_summary"] == {"lumen": False, "relay": False}


def test_the_overview_covers_the_range_and_the_range_before_it() -> None:
    status, response = ask(parts(), "GET", "/overview", query=DAYS, groups=VIEWER)
    assert status == 200
    assert (response["campaign"], response["from"], response["to"]) == ("lumen", "2026-11-14", "2026-11-16")
    assert (response["before"]["from"], response["before"]["to"]) == ("2026-11-11", "2026-11-13")
    assert response["period"]["funnel"][1] == {"name": "sent", "count": 8, "of_before": 0.8, "of_all": 0.8}
    assert response["period"]["facts"] == FACTS
    assert response["period"]["rates"] == {"bounced": 0.125, "complained": 0}
    assert response["period"]["medians_seconds"] == {"submitted_to_sent": 90.5}
    assert response["period"]["answers"] == {"call": 1}
    assert response["period"]["closings"] == {"answered": 1}
    assert response["before"]["rates"] == {"bounced": None, "complained": None}
    assert response["before"]["medians_seconds"] == {"submitted_to_sent": None}
    assert [day["day"] for day in response["days"]] == ["2026-11-14", "2026-11-15", "2026-11-16"]
    assert response["weeks"] == [
        {"day": "2026-11-09", "facts": {"sent": 3}},
        {"day": "2026-11-16", "facts": {"sent": 3}},
    ]
    assert (response["stages"], response["read_units"]) == ({"held": 3}, 12.5)


def test_the_values_of_a_breakdown_are_ordered() -> None:
    status, response = ask(parts(), "GET", "/breakdowns/state", query=DAYS)
    assert (status, response["dimension"]) == (200, "state")
    assert response["values"] == [{"value": "IL", "facts": {"sent": 5}}, {"value": "TX", "facts": {"sent": 2}}]


@pytest.mark.parametrize("path", ["/overview", "/breakdowns/source"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-11-01&to=2026-11-02", "campaign"),
        ("campaign=nothing&from=2026-11-01&to=2026-11-02", "campaign"),
        ("campaign=../lumen&from=2026-11-01&to=2026-11-02", "campaign"),
        ("campaign=lumen&from=2026-11-01", "to"),
        ("campaign=lumen&to=2026-11-01", "from"),
        ("campaign=lumen&from=1790000000&to=2026-11-01", "from"),
        ("campaign=lumen&from=2026-11-01T00:00:00&to=2026-11-01", "from"),
        ("campaign=lumen&from=2026-02-30&to=2026-11-01", "from"),
        ("campaign=lumen&from=0001-01-01&to=0001-01-02", "from"),
        ("campaign=lumen&from=9999-12-30&to=9999-12-31", "from"),
        ("campaign=lumen&from=2026-11-02&to=2026-11-01", "to"),
        ("campaign=lumen&from=2025-11-01&to=2026-11-02", "to"),
    ],
)
def test_an_invalid_range_is_refused_by_field_before_any_read(path: str, query: str, field: str) -> None:
    stats = FakeStats()
    status, problem = ask(parts(stats=stats), "GET", path, query=query)
    assert (status, problem["code"]) == (422, "invalid")
    (error,) = problem["errors"]
    assert error["field"] == field
    assert error["message"]
    assert not error["message"].startswith("Value error")
    assert stats.calls == []


def test_a_range_may_cover_a_whole_leap_year() -> None:
    assert ask(parts(), "GET", "/overview", query="campaign=lumen&from=2028-01-01&to=2028-12-31")[0] == 200


def test_a_breakdown_by_an_uncounted_dimension_is_refused() -> None:
    status, problem = ask(parts(), "GET", "/breakdowns/doctor", query=DAYS)
    assert (status, problem["errors"][0]["field"]) == (422, "dimension")


def test_deliverability_shows_the_limits_of_the_campaign_and_of_ses() -> None:
    status, response = ask(parts(), "GET", "/deliverability", query="campaign=lumen")
    assert status == 200
    breaker = parts().campaigns.get("lumen").breaker  # type: ignore[union-attr]
    assert response["breaker"]["is_open"] is False
    assert response["breaker"]["reason"] is response["breaker"]["since"] is None
    assert response["breaker"]["policy"]["bounce_rate"] == breaker.bounce_rate
    assert response["breaker"]["policy"]["window_days"] == breaker.window.days
    assert response["ses"]["reviews"] == {"bounced": 0.05, "complained": 0.001}
    assert response["ses"]["stops"] == {"bounced": 0.1, "complained": 0.005}
    assert response["ses"]["quota"] == {"max_24_hours": 50_000, "sent_24_hours": 12, "max_per_second": 14}


def test_a_paused_campaign_states_the_reason_and_the_time() -> None:
    breaker = SimpleNamespace(pause=lambda _: Pause("bounces", samples.NOW))
    _, response = ask(parts(breaker=breaker), "GET", "/deliverability", query="campaign=lumen")
    assert response["breaker"]["is_open"] is True
    assert response["breaker"]["reason"] == "bounces"
    assert response["breaker"]["since"].endswith("Z")


def test_without_an_answer_of_ses_only_the_quota_is_missing() -> None:
    status, response = ask(parts(ses_account=FakeAccount(None)), "GET", "/deliverability", query="campaign=lumen")
    assert (status, response["ses"]["quota"]) == (200, None)
    assert response["breaker"]["is_open"] is False
