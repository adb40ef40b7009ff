"""What the team's functions work with: the dashboard's API, and what it asks for that outlasts a request.

Each part is built when it is first asked for: no event needs all of them.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from referral_intake.settings import DashboardSettings, ReportsSettings
from referral_intake.wiring import shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from referral_intake.adapters.audit import AuditTable
    from referral_intake.adapters.breaker_table import BreakerTable
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.listing_table import ListingTable
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.adapters.report_files import ReportFiles
    from referral_intake.adapters.report_queue import ReportQueue
    from referral_intake.adapters.report_table import ReportTable
    from referral_intake.adapters.ses import SesAccount
    from referral_intake.adapters.stats_table import StatsTable
    from referral_intake.adapters.summary_table import SummaryTable
    from referral_intake.adapters.written import WrittenTable
    from referral_intake.domain.acting import Desk
    from referral_intake.domain.reporting import Maker, Reporting
    from referral_intake.domain.reports import Report
    from referral_intake.domain.summary import Summarizing


class _Team:
    """What both work with."""

    settings: DashboardSettings | ReportsSettings

    @cached_property
    def table(self) -> "DynamoDBClient":
        from referral_intake.adapters import dynamodb

        return dynamodb.client()

    @cached_property
    def campaigns(self) -> "Campaigns":
        from referral_intake.adapters.campaigns import Campaigns

        return Campaigns(self.settings.templates_dir)

    @cached_property
    def audit(self) -> "AuditTable":
        from referral_intake.adapters.audit import AuditTable

        return AuditTable(self.table, self.settings.table_name)

    @cached_property
    def reports(self) -> "ReportTable":
        from referral_intake.adapters.report_table import ReportTable

        return ReportTable(self.table, self.settings.table_name, shared.now)

    @cached_property
    def report_files(self) -> "ReportFiles":
        from referral_intake.adapters import report_files

        return report_files.ReportFiles(report_files.client(), self.settings.report_files)

    @cached_property
    def report_queue(self) -> "ReportQueue":
        from referral_intake.adapters import report_queue

        return report_queue.ReportQueue(report_queue.client(), self.settings.report_jobs_url)

    @cached_property
    def summaries(self) -> "SummaryTable":
        from referral_intake.adapters.summary_table import SummaryTable

        return SummaryTable(self.table, self.settings.table_name)

    @cached_property
    def address_of(self) -> "Callable[[str], str | None]":
        from referral_intake.adapters.directory import Directory

        return Directory(self.settings.user_pool_id).address_of


class Dashboard(_Team):
    def __init__(self, settings: DashboardSettings) -> None:
        self.settings: DashboardSettings = settings

    @cached_property
    def stats(self) -> "StatsTable":
        from referral_intake.adapters.stats_table import StatsTable

        return StatsTable(self.table, self.settings.stats_table_name)

    @cached_property
    def breaker(self) -> "BreakerTable":
        from referral_intake.adapters.breaker_table import BreakerTable

        return BreakerTable(self.table, self.settings.table_name)

    @cached_property
    def listing(self) -> "ListingTable":
        from referral_intake.adapters.listing_table import ListingTable

        return ListingTable(self.table, self.settings.table_name)

    @cached_property
    def referrals(self) -> "ReferralTable":
        from referral_intake.adapters.referral_table import ReferralTable

        return ReferralTable(self.table, self.settings.table_name)

    @cached_property
    def written(self) -> "WrittenTable":
        from referral_intake.adapters.written import WrittenTable

        return WrittenTable(self.table, self.settings.table_name)

    @cached_property
    def desk(self) -> "Desk":
        from referral_intake.adapters.action_table import ActionTable
        from referral_intake.adapters.keys import DoctorHashes
        from referral_intake.domain.acting import Desk

        return Desk(
            referrals=self.referrals,
            book=ActionTable(self.table, self.settings.table_name),
            doctor_keys=DoctorHashes(shared.ring(self.settings.hashing_keys_secret)),
            campaign_named=self.campaigns.get,
        )

    @cached_property
    def ses_account(self) -> "SesAccount":
        from referral_intake.adapters import ses

        return ses.SesAccount(ses.quick_client(), shared.now)

    def put_report_back(self, report: "Report", now: "datetime") -> None:
        """Of a report that got lost: only one of several who notice at once puts it back."""
        if self.reports.note_put(report, now):
            self.report_queue.put(report.id)


class Reports(_Team):
    """A run makes one report or sends summaries: each imports only what it needs."""

    def __init__(self, settings: ReportsSettings) -> None:
        self.settings: ReportsSettings = settings

    @cached_property
    def reporting(self) -> "Reporting":
        from referral_intake.domain.reporting import Reporting

        return Reporting(self.reports, self.report_queue, self.maker_of, self._record, shared.now)

    def maker_of(self, report: "Report") -> "Maker":
        from referral_intake.domain.reports import Format

        if report.format is Format.PDF:
            return self._letters()
        from referral_intake.adapters.export_rows import ExportRows

        rows = ExportRows(self.table, self.settings.table_name)
        if report.format is Format.XLSX:
            from referral_intake.adapters.xlsx_export import XlsxExport

            return XlsxExport(rows, self.report_files)
        from referral_intake.adapters.csv_export import CsvExport

        return CsvExport(rows, self.report_files)

    def _letters(self) -> "Maker":
        from referral_intake.adapters.letter_files import LetterFiles
        from referral_intake.wiring.letters import Place, press_of

        settings = self.settings
        place = Place(
            settings.table_name, settings.hashing_keys_secret, settings.signing_keys_secret, settings.site_url
        )
        approved_only = settings.unapproved_content == "refuse"
        letters = press_of(place, settings.templates_dir, approved_only=approved_only)
        return LetterFiles(letters, self.report_files, self.campaigns.get, shared.now)

    def _record(self, report: "Report", at: "datetime") -> None:
        from referral_intake.domain.people import Person

        person = Person(report.sub, report.username, frozenset())
        self.audit.record(person, f"report_{report.state.value}", (report.id,), at)

    @cached_property
    def summarizing(self) -> "Summarizing":
        from referral_intake.adapters import ses
        from referral_intake.adapters.summary_mail import SummaryMail
        from referral_intake.adapters.summary_numbers import SummaryNumbers
        from referral_intake.domain.summary import Summarizing

        settings, mail = self.settings, ses.client()
        return Summarizing(
            self.summaries,
            self.address_of,
            SummaryNumbers(self.table, settings.table_name, settings.stats_table_name, mail, shared.now).of,
            SummaryMail(settings.templates_dir, settings.site_url).compose,
            ses.SesMailer(mail, settings.sender_address, settings.summary_configuration_set),
            shared.now,
        )
