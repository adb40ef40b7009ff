"""Settings and parts of the reports function."""

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

    from referral_intake.core.report import Report
    from referral_intake.core.weekly_summary import SummarySender
    from referral_intake.reports.report_runs import ReportRunner, ReportWriter


@dataclass(frozen=True, slots=True)
class ReportsSettings(Settings):
    table_name: str
    stats_table_name: str
    templates_dir: Path
    site_url: str
    hashing_keys_secret: str
    signing_keys_secret: str
    sender_address: str
    summary_configuration_set: str
    report_files: str
    report_jobs_url: str
    unapproved_content: str
    user_pool_id: str


class ReportsParts(StaffParts):
    """A run makes one report or sends summaries, and imports only what it needs for that."""

    def __init__(self, settings: ReportsSettings) -> None:
        self.settings: ReportsSettings = settings

    @cached_property
    def report_runner(self) -> "ReportRunner":
        from referral_intake.reports.report_runs import ReportRunner

        return ReportRunner(self.reports, self.report_queue, self.writer_of, self._record, shared_wiring.now)

    def writer_of(self, report: "Report") -> "ReportWriter":
        from referral_intake.core.report import Format

        if report.format is Format.PDF:
            return self._letters()
        from referral_intake.reports.export_rows import ExportRows

        rows = ExportRows(self.table, self.settings.table_name)
        if report.format is Format.XLSX:
            from referral_intake.reports.xlsx_export import XlsxExport

            return XlsxExport(rows, self.report_files)
        from referral_intake.reports.csv_export import CsvExport

        return CsvExport(rows, self.report_files)

    def _letters(self) -> "ReportWriter":
        from referral_intake.reports.letter_files import LetterFiles
        from referral_intake.reports.letter_wiring import LetterResources, bulk_letters_for

        settings = self.settings
        resources = LetterResources(
            settings.table_name, settings.hashing_keys_secret, settings.signing_keys_secret, settings.site_url
        )
        approved_only = settings.unapproved_content == "refuse"
        letters = bulk_letters_for(resources, settings.templates_dir, approved_only=approved_only)
        return LetterFiles(letters, self.report_files, self.campaigns.get, shared_wiring.now)

    def _record(self, report: "Report", at: "datetime") -> None:
        from referral_intake.core.users import User

        user = User(report.sub, report.username, frozenset())
        self.audit.record(user, f"report_{report.state.value}", (report.id,), at)

    @cached_property
    def summary_sender(self) -> "SummarySender":
        from referral_intake.aws import ses
        from referral_intake.core.weekly_summary import SummarySender
        from referral_intake.reports.summary_email import SummaryComposer
        from referral_intake.reports.summary_figures import SummaryReader

        settings, mail = self.settings, ses.client()
        return SummarySender(
            self.subscriptions,
            self.address_of,
            SummaryReader(self.table, settings.table_name, settings.stats_table_name, mail, shared_wiring.now).read,
            SummaryComposer(settings.templates_dir, settings.site_url).compose,
            ses.SesMailer(mail, settings.sender_address, settings.summary_configuration_set),
            shared_wiring.now,
        )


@cache
def parts() -> ReportsParts:
    return ReportsParts(ReportsSettings.read(os.environ))
