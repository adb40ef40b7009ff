"""Settings and parts of the wake function."""

import os
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from referral_intake.core.ports import Referrals
from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.stats_table import CounterValues
    from referral_intake.core.breaker import BreakerPolicy, BreakerState
    from referral_intake.core.quota import Quota


class BreakerStates(Protocol):
    def state(self, campaign: str, policy: "BreakerPolicy", now: datetime) -> "BreakerState": ...


class Counters(Protocol):
    def read(self, campaign: str, wanted: "Iterable[tuple[str, date | None]]") -> "CounterValues": ...


@dataclass(frozen=True, slots=True)
class WakeSettings(Settings):
    table_name: str
    stats_table_name: str
    templates_dir: Path


@dataclass(frozen=True, slots=True)
class WakeParts:
    referrals: Referrals
    campaigns: "Campaigns"


@dataclass(frozen=True, slots=True)
class BacklogMetricSources:
    campaigns: "Campaigns"
    breaker: BreakerStates
    stats: Counters
    quota: "Callable[[], Quota]"


@cache
def parts() -> WakeParts:
    from referral_intake.aws import dynamodb
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.referral_table import ReferralTable

    settings = WakeSettings.read(os.environ)
    return WakeParts(ReferralTable(dynamodb.client(), settings.table_name), Campaigns(settings.templates_dir))


@cache
def metric_sources() -> BacklogMetricSources:
    from referral_intake.aws import dynamodb, ses, shared_wiring
    from referral_intake.aws.breaker_table import BreakerTable
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.stats_table import StatsTable

    settings = WakeSettings.read(os.environ)
    table = dynamodb.client()
    return BacklogMetricSources(
        campaigns=Campaigns(settings.templates_dir),
        breaker=BreakerTable(table, settings.table_name),
        stats=StatsTable(table, settings.stats_table_name),
        quota=ses.SesAccount(ses.client(), shared_wiring.now).quota,
    )
