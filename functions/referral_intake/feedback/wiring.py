"""Settings and parts of the feedback function."""

import os
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from referral_intake.core.ports import Referrals, Suppressions
from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.core.breaker import BreakerPolicy, Trip
    from referral_intake.core.claim import DoctorKeys


class Breaker(Protocol):
    def check(self, campaign: str, policy: "BreakerPolicy", now: datetime) -> "Trip | None": ...
    def mark_announced(self, trip: "Trip") -> None: ...


class Announcements(Protocol):
    def breaker_tripped(self, trip: "Trip") -> None: ...


@dataclass(frozen=True, slots=True)
class FeedbackSettings(Settings):
    table_name: str
    templates_dir: Path
    hashing_keys_secret: str
    stack_name: str


@dataclass(frozen=True, slots=True)
class FeedbackParts:
    referrals: Referrals
    suppressions: Suppressions
    doctor_keys: "DoctorKeys"
    campaigns: "Campaigns"
    breaker: Breaker
    announcements: Announcements


@cache
def parts() -> FeedbackParts:
    from referral_intake.aws import dynamodb, shared_wiring
    from referral_intake.aws.breaker_table import BreakerTable
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.doctor_table import DoctorTable
    from referral_intake.aws.keys import DoctorHashes
    from referral_intake.aws.referral_table import ReferralTable
    from referral_intake.feedback import announcements

    settings = FeedbackSettings.read(os.environ)
    table = dynamodb.client()
    return FeedbackParts(
        referrals=ReferralTable(table, settings.table_name),
        suppressions=DoctorTable(table, settings.table_name),
        doctor_keys=DoctorHashes(shared_wiring.ring(settings.hashing_keys_secret)),
        campaigns=Campaigns(settings.templates_dir),
        breaker=BreakerTable(table, settings.table_name),
        announcements=announcements.Announcements(announcements.client, settings.stack_name),
    )
