"""Query parameters of many of the dashboard's routes: a campaign, and days."""

import re
from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator

from referral_intake.core.campaign import Campaign
from referral_intake.core.smoke_test import is_test
from referral_intake.dashboard import problems
from referral_intake.dashboard.wiring import DashboardParts

MAX_DAYS = 366
# Earliest day with data. Every range is compared with the range before it.
FIRST_DAY = date(2020, 1, 1)
LAST_DAY = date(2199, 12, 31)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _only_iso(value: object) -> object:
    # Pydantic would also accept a number of seconds, or a time of day.
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("Enter a date such as 2026-11-22.")
    return value


Day = Annotated[date, BeforeValidator(_only_iso, json_schema_input_type=date)]
"""A day in UTC, in the format 2026-11-22."""

CampaignName = Annotated[str, Query(description="The name of a campaign. `me` lists them.", examples=["star"])]
From = Annotated[Day, Query(alias="from", description="The first day, in UTC.", examples=["2026-10-24"])]
To = Annotated[Day, Query(description="The last day (inclusive), in UTC.", examples=["2026-11-22"])]


def campaign(parts: DashboardParts, name: str) -> Campaign:
    """Return the campaign. Raise Problem if it does not exist."""
    found = None if is_test(name) else parts.campaigns.get(name)
    if found is None:
        raise problems.invalid("campaign", "unknown", "There is no campaign with this name.")
    return found


def days(first: date, last: date) -> None:
    """Raise Problem if the range is not valid."""
    if not FIRST_DAY <= first <= LAST_DAY:
        raise problems.invalid("from", "out_of_range", f"Choose a day from {FIRST_DAY} to {LAST_DAY}.")
    if last < first:
        raise problems.invalid("to", "before_from", "The last day is before the first day.")
    if (last - first).days >= MAX_DAYS:
        raise problems.invalid("to", "too_many_days", f"The limit is {MAX_DAYS} days.")
