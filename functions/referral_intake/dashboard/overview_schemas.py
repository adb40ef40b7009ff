"""Schemas of the dashboard's numbers."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from referral_intake.core.users import Role

ReadUnits = Annotated[float, Field(description="The DynamoDB read units of this request.")]
Facts = Annotated[dict[str, int], Field(description="The number of each fact. A missing fact has the number 0.")]


class CampaignSummary(BaseModel):
    name: str
    title: str


class CurrentUser(BaseModel):
    user: str
    roles: list[Role]
    campaigns: list[CampaignSummary]
    weekly_summary: Annotated[dict[str, bool], Field(description="By campaign, whether this user gets it by email.")]


class FunnelStep(BaseModel):
    """`of_before` and `of_all` are shares of the previous step and of all submitted referrals, from 0 to 1."""

    name: str
    count: int
    of_before: float | None
    of_all: float | None


class Rates(BaseModel):
    """Shares of the messages that were delivered or bounced, from 0 to 1. Null if there are none."""

    bounced: float | None
    complained: float | None


class Period(BaseModel):
    funnel: list[FunnelStep]
    facts: Facts
    rates: Rates
    medians_seconds: Annotated[dict[str, float | None], Field(description="By step. Null if no referral completed it.")]
    answers: Facts
    closings: Facts


class PeriodBefore(Period):
    """The range of the same length that ends right before this one."""

    first: Annotated[date, Field(serialization_alias="from")]
    last: Annotated[date, Field(serialization_alias="to")]


class Day(BaseModel):
    """The facts of a day, or of the week that begins on it."""

    day: date
    facts: Facts


class Overview(BaseModel):
    campaign: str
    first: Annotated[date, Field(serialization_alias="from")]
    last: Annotated[date, Field(serialization_alias="to")]
    period: Period
    before: PeriodBefore
    days: list[Day]
    weeks: list[Day]
    stages: Annotated[dict[str, int], Field(description="The current number of referrals in each open stage.")]
    read_units: ReadUnits


class DimensionValue(BaseModel):
    value: str
    facts: Facts


class Breakdown(BaseModel):
    dimension: str
    values: list[DimensionValue]
    read_units: ReadUnits


class BreakerPolicy(BaseModel):
    """The rates above which the campaign pauses, if the window has at least the minimum volume of messages."""

    bounce_rate: float
    complaint_rate: float
    minimum_volume: int
    window_days: int


class Breaker(BaseModel):
    is_open: Annotated[bool, Field(description="True if paused: nothing is sent until a person resumes the campaign.")]
    reason: str | None
    since: datetime | None
    policy: BreakerPolicy


class RateLimits(BaseModel):
    bounced: float
    complained: float


class SesQuota(BaseModel):
    max_24_hours: float
    sent_24_hours: float
    max_per_second: float


class SesLimits(BaseModel):
    """The rates, from 0 to 1, at which Amazon SES reviews an account and stops it, and the account's quota."""

    reviews: RateLimits
    stops: RateLimits
    quota: Annotated[SesQuota | None, Field(description="Null if SES did not answer.")]


class Deliverability(BaseModel):
    breaker: Breaker
    ses: SesLimits
