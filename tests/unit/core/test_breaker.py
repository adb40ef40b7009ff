"""Conditions under which a campaign pauses itself."""

from datetime import timedelta

import pytest

from referral_intake.core.breaker import COUNTED_MILESTONES, SOURCE_COUNTS, Trip, trip_reason
from tests.support.samples import NOW, campaign

POLICY = campaign().breaker
TODAY = NOW.date()


def counted(
    delivered: int, bounced: int = 0, complained: int = 0, days_ago: int = 0, sources: int | None = None
) -> str | None:
    """Each bounce and complaint has a source of its own, unless the number of sources is given."""
    day = TODAY - timedelta(days=days_ago)
    facts = dict(zip(COUNTED_MILESTONES, (delivered, bounced, complained), strict=True))
    of_sources = {name: facts[fact] if sources is None else sources for fact, name in SOURCE_COUNTS.items()}
    return trip_reason({(day, name): count for name, count in {**facts, **of_sources}.items()}, POLICY, TODAY)


@pytest.mark.parametrize(
    ("delivered", "bounced", "complained"), [(960, 40, 0), (2499, 0, 1), (10_000, 0, 8), (0, 0, 0)]
)
def test_below_the_limits_the_campaign_continues(delivered: int, bounced: int, complained: int) -> None:
    assert counted(delivered, bounced, complained) is None


def test_too_many_bounces_pause_the_campaign() -> None:
    assert counted(959, bounced=41) == "bounces"


def test_too_many_complaints_pause_the_campaign() -> None:
    assert counted(2000, complained=2) == "complaints"


def test_a_small_number_of_messages_does_not_pause_the_campaign() -> None:
    assert counted(50, bounced=49, complained=9) is None


def test_one_source_can_not_pause_the_campaign_with_dead_addresses_or_complaints() -> None:
    assert counted(95, bounced=5, sources=1) is None
    assert counted(2400, complained=2, sources=1) is None
    assert counted(95, bounced=5) == "bounces"


def test_whatever_the_sources_the_campaign_pauses_before_ses_pauses_the_account() -> None:
    assert counted(919, bounced=81, sources=1) == "bounces"
    assert counted(921, bounced=79, sources=1) is None
    assert counted(1000, complained=5, sources=1) == "complaints"


def test_a_single_failure_does_not_pause_the_campaign() -> None:
    assert counted(110, complained=1) is None


def test_only_the_last_days_count() -> None:
    assert counted(500, bounced=500, days_ago=6) == "bounces"
    assert counted(500, bounced=500, days_ago=7) is None


def test_the_campaign_pauses_well_before_ses_would_pause_the_account() -> None:
    assert POLICY.bounce_rate < 0.05
    assert POLICY.complaint_rate < 0.001


def test_rates_are_relative_to_all_messages_with_a_known_outcome() -> None:
    trip = Trip("lumen", "bounces", NOW, timedelta(days=7), delivered=950, bounced=50, complained=2)
    assert (trip.bounce_rate, trip.complaint_rate) == (0.05, 0.002)
