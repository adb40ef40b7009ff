"""What the dashboard's numbers look like to whoever asks for them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from referral_intake.core.users import Role

ReadUnits = Annotated[float, Field(description="What reading this cost, in DynamoDB's read units.")]
Facts = Annotated[dict[str, int], Field(description="How often each happened; one that is missing did not.")]


class CampaignTitle(BaseModel):
    name: str
    title: str


class Me(BaseModel):
    user: str
    roles: list[Role]
    campaigns: list[CampaignTitle]
    weekly_summary: Annotated[dict[str, bool], Field(description="By campaign, whether this person gets it by email.")]


class Rung(BaseModel):
    """A step of the funnel, with its share of the step before and of all that were submitted."""

    name: str
    count: int
    of_before: float | None
    of_all: float | None


class Rates(BaseModel):
    """Of all referrals that were delivered or bounced. Null where none was."""

    bounced: float | None
    complained: float | None


class Period(BaseModel):
    funnel: list[Rung]
    facts: Facts
    rates: Rates
    medians_seconds: Annotated[dict[str, float | None], Field(description="By step. Null where nobody took it.")]
    answers: Facts
    closings: Facts


class PeriodBefore(Period):
    """As many days, right before."""

    first: Annotated[date, Field(serialization_alias="from")]
    last: Annotated[date, Field(serialization_alias="to")]


class Day(BaseModel):
    """What happened on a day, or in the week that begins on it."""

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
    stages: Annotated[dict[str, int], Field(description="How many referrals are in each open stage now.")]
    read_units: ReadUnits


class Value(BaseModel):
    value: str
    facts: Facts


class Breakdown(BaseModel):
    dimension: str
    values: list[Value]
    read_units: ReadUnits


class BreakerPolicy(BaseModel):
    """Above which rates the campaign stops itself, once so many were delivered or bounced in so many days."""

    bounce_rate: float
    complaint_rate: float
    minimum_volume: int
    window_days: int


class Breaker(BaseModel):
    is_open: Annotated[bool, Field(description="Open is stopped: nothing goes out until a person resumes it.")]
    reason: str | None
    since: datetime | None
    policy: BreakerPolicy


class Limits(BaseModel):
    bounced: float
    complained: float


class SesQuota(BaseModel):
    max_24_hours: float
    sent_24_hours: float
    max_per_second: float


class Ses(BaseModel):
    """From which rates on Amazon SES reviews an account, and stops it; and what it lets the account send."""

    reviews: Limits
    stops: Limits
    quota: Annotated[SesQuota | None, Field(description="Null where SES did not answer.")]


class Deliverability(BaseModel):
    breaker: Breaker
    ses: Ses
