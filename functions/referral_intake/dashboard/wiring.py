"""Settings and parts of the dashboard function. Each part is built on first use: no request needs all of them."""

import os
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from referral_intake.aws import shared_wiring
from referral_intake.aws.staff_wiring import StaffParts
from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from referral_intake.aws.breaker_table import BreakerTable
    from referral_intake.aws.claims import ClaimTable
    from referral_intake.aws.hospital_domains import HospitalDomains
    from referral_intake.aws.keys import DoctorHashes
    from referral_intake.aws.listing_table import ListingTable
    from referral_intake.aws.referral_table import ReferralTable
    from referral_intake.aws.sent_messages import SentMessages
    from referral_intake.aws.ses import SesAccount
    from referral_intake.aws.stats_table import StatsTable
    from referral_intake.core.report import Report
    from referral_intake.dashboard.action_runner import ActionRunner


@dataclass(frozen=True, slots=True)
class DashboardSettings(Settings):
    table_name: str
    stats_table_name: str
    hashing_keys_secret: str
    templates_dir: Path
    report_files: str
    report_jobs_url: str
    user_pool_id: str


class DashboardParts(StaffParts):
    def __init__(self, settings: DashboardSettings) -> None:
        self.settings: DashboardSettings = settings

    @cached_property
    def stats(self) -> "StatsTable":
        from referral_intake.aws.stats_table import StatsTable

        return StatsTable(self.table, self.settings.stats_table_name)

    @cached_property
    def breaker(self) -> "BreakerTable":
        from referral_intake.aws.breaker_table import BreakerTable

        return BreakerTable(self.table, self.settings.table_name)

    @cached_property
    def listing(self) -> "ListingTable":
        from referral_intake.aws.listing_table import ListingTable

        return ListingTable(self.table, self.settings.table_name)

    @cached_property
    def referrals(self) -> "ReferralTable":
        from referral_intake.aws.referral_table import ReferralTable

        return ReferralTable(self.table, self.settings.table_name)

    @cached_property
    def sent_messages(self) -> "SentMessages":
        from referral_intake.aws.sent_messages import SentMessages

        return SentMessages(self.table, self.settings.table_name)

    @cached_property
    def claims(self) -> "ClaimTable":
        from referral_intake.aws.claims import ClaimTable

        return ClaimTable(self.table, self.settings.table_name)

    @cached_property
    def doctor_keys(self) -> "DoctorHashes":
        from referral_intake.aws.keys import DoctorHashes

        return DoctorHashes(shared_wiring.ring(self.settings.hashing_keys_secret))

    @cached_property
    def hospital_domains(self) -> "HospitalDomains":
        from referral_intake.aws.hospital_domains import HospitalDomains

        return HospitalDomains(self.table, self.settings.table_name, self.doctor_keys)

    @cached_property
    def action_runner(self) -> "ActionRunner":
        from referral_intake.dashboard.action_runner import ActionRunner
        from referral_intake.dashboard.action_table import ActionTable

        return ActionRunner(
            referrals=self.referrals,
            action_table=ActionTable(self.table, self.settings.table_name),
            doctor_keys=self.doctor_keys,
            find_campaign=self.campaigns.get,
        )

    @cached_property
    def ses_account(self) -> "SesAccount":
        from referral_intake.aws import ses

        return ses.SesAccount(ses.quick_client(), shared_wiring.now)

    def requeue_report(self, report: "Report", now: "datetime") -> None:
        """Queue a lost report again. Of several concurrent requests, only one does so."""
        if self.reports.record_queued(report, now):
            self.report_queue.put(report.id)


@cache
def parts() -> DashboardParts:
    return DashboardParts(DashboardSettings.read(os.environ))
