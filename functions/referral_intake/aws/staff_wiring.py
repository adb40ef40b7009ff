"""Parts that the two functions for staff share: `dashboard` and `reports`."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from referral_intake.aws import shared_wiring

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from referral_intake.aws.audit_log import AuditTable
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.report_files import ReportFiles
    from referral_intake.aws.report_queue import ReportQueue
    from referral_intake.aws.report_table import ReportTable
    from referral_intake.aws.subscriptions import Subscriptions


class StaffSettings(Protocol):
    @property
    def table_name(self) -> str: ...
    @property
    def templates_dir(self) -> Path: ...
    @property
    def report_files(self) -> str: ...
    @property
    def report_jobs_url(self) -> str: ...
    @property
    def user_pool_id(self) -> str: ...


class StaffParts:
    settings: StaffSettings

    @cached_property
    def table(self) -> "DynamoDBClient":
        from referral_intake.aws import dynamodb

        return dynamodb.client()

    @cached_property
    def campaigns(self) -> "Campaigns":
        from referral_intake.aws.campaign_files import Campaigns

        return Campaigns(self.settings.templates_dir)

    @cached_property
    def audit(self) -> "AuditTable":
        from referral_intake.aws.audit_log import AuditTable

        return AuditTable(self.table, self.settings.table_name)

    @cached_property
    def reports(self) -> "ReportTable":
        from referral_intake.aws.report_table import ReportTable

        return ReportTable(self.table, self.settings.table_name, shared_wiring.now)

    @cached_property
    def report_files(self) -> "ReportFiles":
        from referral_intake.aws import report_files

        return report_files.ReportFiles(report_files.client(), self.settings.report_files)

    @cached_property
    def report_queue(self) -> "ReportQueue":
        from referral_intake.aws import report_queue

        return report_queue.ReportQueue(report_queue.client(), self.settings.report_jobs_url)

    @cached_property
    def subscriptions(self) -> "Subscriptions":
        from referral_intake.aws.subscriptions import Subscriptions

        return Subscriptions(self.table, self.settings.table_name)

    @cached_property
    def address_of(self) -> "Callable[[str], str | None]":
        from referral_intake.aws.user_directory import UserDirectory

        return UserDirectory(self.settings.user_pool_id).address_of
