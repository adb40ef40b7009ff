"""Emit the current state as metrics: breakers, open referrals by stage, and the used share of the SES quota.

The cost does not grow with the number of referrals. Per campaign, it reads one item in each of the two tables. Per run,
it calls SES once.
"""

from datetime import datetime

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit

from referral_intake.core.campaign import Campaign
from referral_intake.core.counting import NOW
from referral_intake.core.errors import Unavailable
from referral_intake.core.referral import Stage
from referral_intake.observability.metrics import emit
from referral_intake.wake.wiring import BacklogMetricSources


def emit_all(parts: BacklogMetricSources, now: datetime, logger: Logger) -> None:
    """Emit all metrics. If a value can't be read, it is missing for a minute, without further effect."""
    try:
        for name in parts.campaigns.names():
            _stages(parts, name)
            if campaign := parts.campaigns.get(name):
                _breaker(parts, campaign, now)
        quota = parts.quota()
        emit({"QuotaUsed": 100 * quota.sent_last_day / max(1, quota.per_day)}, MetricUnit.Percent)
    except Unavailable:
        logger.exception("gauges could not be read")


def _breaker(parts: BacklogMetricSources, campaign: Campaign, now: datetime) -> None:
    state = parts.breaker.state(campaign.name, campaign.breaker, now)
    emit({"BreakerOpen": state.is_open}, MetricUnit.Count, campaign=campaign.name)
    rates = {"BounceRate": 100 * state.bounce_rate, "ComplaintRate": 100 * state.complaint_rate}
    emit(rates, MetricUnit.Percent, campaign=campaign.name)


def _stages(parts: BacklogMetricSources, name: str) -> None:
    counted = {count.fact: number for count, number in parts.stats.read(name, [(NOW, None)]).numbers.items()}
    for stage in Stage:
        if stage is not Stage.CLOSED:
            emit({"OpenReferrals": counted.get(stage, 0)}, MetricUnit.Count, campaign=name, reason=stage.value)
