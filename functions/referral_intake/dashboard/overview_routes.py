"""Routes for the campaign's numbers and the signed-in user."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from referral_intake.core import overview as numbers
from referral_intake.core.errors import Unavailable
from referral_intake.dashboard import query_parameters
from referral_intake.dashboard.authorization import Parts, Viewer
from referral_intake.dashboard.overview_schemas import (
    Breakdown,
    Breaker,
    BreakerPolicy,
    CampaignSummary,
    CurrentUser,
    Day,
    Deliverability,
    DimensionValue,
    FunnelStep,
    Overview,
    Period,
    PeriodBefore,
    RateLimits,
    Rates,
    SesLimits,
    SesQuota,
)
from referral_intake.dashboard.query_parameters import CampaignName, From, To

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here

TAGS = ["overview"]


@router.get("/me", tags=TAGS, summary="The signed-in user and the campaigns")
def me(user: Viewer, parts: Parts) -> CurrentUser:
    campaigns = {name: campaign for name in parts.campaigns.names() if (campaign := parts.campaigns.get(name))}
    return CurrentUser(
        user=user.username,
        roles=sorted(user.roles),
        campaigns=[CampaignSummary(name=name, title=campaign.product) for name, campaign in campaigns.items()],
        weekly_summary={name: parts.subscriptions.is_subscribed(name, user.sub) for name in campaigns},
    )


@router.get("/overview", tags=TAGS, summary="A campaign's funnel, rates, times and days, with the previous period")
def overview(user: Viewer, parts: Parts, campaign: CampaignName, first: From, to: To) -> Overview:
    name = query_parameters.campaign(parts, campaign).name
    query_parameters.days(first, to)
    found, units = parts.stats.overview(name, first, to)
    before = found.before
    return Overview(
        campaign=name,
        first=first,
        last=to,
        period=_period(found.period),
        before=PeriodBefore(first=before.first, last=before.last, **dict(_period(before))),
        days=[_day(one) for one in found.days],
        weeks=[_day(one) for one in numbers.by_week(found.days)],
        stages=dict(found.stages),
        read_units=units,
    )


@router.get("/breakdowns/<dimension>", tags=TAGS, summary="Facts by the values of one dimension")
def breakdown(
    user: Viewer,
    parts: Parts,
    dimension: Annotated[Literal["state", "specialty", "source", "language"], Path(examples=["state"])],
    campaign: CampaignName,
    first: From,
    to: To,
) -> Breakdown:
    name = query_parameters.campaign(parts, campaign).name
    query_parameters.days(first, to)
    found, units = parts.stats.breakdown(name, dimension, first, to)
    values = [DimensionValue(value=value, facts=dict(facts)) for value, facts in sorted(found.items())]
    return Breakdown(dimension=dimension, values=values, read_units=units)


@router.get("/deliverability", tags=TAGS, summary="Whether a campaign is paused, and the limits of Amazon SES")
def deliverability(user: Viewer, parts: Parts, campaign: CampaignName) -> Deliverability:
    found = query_parameters.campaign(parts, campaign)
    pause = parts.breaker.pause(found.name)
    policy = BreakerPolicy(
        bounce_rate=found.breaker.bounce_rate,
        complaint_rate=found.breaker.complaint_rate,
        minimum_volume=found.breaker.minimum_volume,
        window_days=found.breaker.window.days,
    )
    return Deliverability(
        breaker=Breaker(
            is_open=pause is not None,
            reason=pause.reason if pause else None,
            since=pause.since if pause else None,
            policy=policy,
        ),
        ses=SesLimits(
            reviews=RateLimits(**numbers.SES_REVIEWS), stops=RateLimits(**numbers.SES_STOPS), quota=_quota(parts)
        ),
    )


def _quota(parts: Parts) -> SesQuota | None:
    try:
        quota = parts.ses_account.quota()
    except Unavailable:
        # The quota is optional in this response.
        return None
    return SesQuota(max_24_hours=quota.per_day, sent_24_hours=quota.sent_last_day, max_per_second=quota.per_second)


def _period(period: numbers.Period) -> Period:
    return Period(
        funnel=[FunnelStep(name=r.name, count=r.count, of_before=r.of_before, of_all=r.of_all) for r in period.funnel],
        facts=dict(period.facts),
        rates=Rates(bounced=period.rate("bounced"), complained=period.rate("complained")),
        medians_seconds={step: None if took is None else took.total_seconds() for step, took in period.medians.items()},
        answers=dict(period.answers),
        closings=dict(period.closings),
    )


def _day(day: numbers.Day) -> Day:
    return Day(day=day.day, facts=dict(day.facts))
