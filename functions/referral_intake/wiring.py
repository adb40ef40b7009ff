"""The only place that builds adapters: lazily, once per process, from the environment of the function that asks.

Each function imports only what it uses: that is most of a cold start.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

from referral_intake.settings import (
    DashboardSettings,
    EdgeSettings,
    FeedbackSettings,
    IntakeSettings,
    LinksSettings,
    LookupSettings,
    OutreachSettings,
    ReportsSettings,
    StatsSettings,
    WakeSettings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from referral_intake.adapters.audit import AuditTable
    from referral_intake.adapters.breaker_table import BreakerTable
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.counting_table import CountingTable
    from referral_intake.adapters.edge import Edge
    from referral_intake.adapters.keys import Ring
    from referral_intake.adapters.links import Links
    from referral_intake.adapters.listing_table import ListingTable
    from referral_intake.adapters.pages import Site
    from referral_intake.adapters.press import Press
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.adapters.report_files import ReportFiles
    from referral_intake.adapters.report_queue import ReportQueue
    from referral_intake.adapters.report_table import ReportTable
    from referral_intake.adapters.secrets import Secrets
    from referral_intake.adapters.ses import SesAccount
    from referral_intake.adapters.stats_table import Read, StatsTable
    from referral_intake.adapters.summary_table import SummaryTable
    from referral_intake.adapters.written import WrittenTable
    from referral_intake.domain.acting import Desk
    from referral_intake.domain.breaker import BreakerPolicy, State, Trip
    from referral_intake.domain.feedback import Effect
    from referral_intake.domain.matches import Match
    from referral_intake.domain.outreach import DoctorKeys, Outreach
    from referral_intake.domain.pace import Quota
    from referral_intake.domain.referral import Answer, Closing, Move, Referral
    from referral_intake.domain.reporting import Maker, Reporting
    from referral_intake.domain.reports import Report
    from referral_intake.domain.robots import Proof
    from referral_intake.domain.search import Query
    from referral_intake.domain.summary import Summarizing


class IntakeReferrals(Protocol):
    def add(self, referral: "Referral") -> "Referral | None": ...
    def get(self, receipt: str, *, consistent: bool) -> "Referral | None": ...


class Challenges(Protocol):
    def new(self, binding: str, now: datetime) -> dict[str, Any]: ...
    def read(self, sent: object) -> "Proof | None": ...


class WakeReferrals(Protocol):
    def due(self, campaign: str, now: datetime, limit: int) -> list[str]: ...
    def feedback_settled(self) -> datetime | None: ...
    def get(self, receipt: str, *, consistent: bool) -> "Referral | None": ...
    def move(self, referral: "Referral", move: "Move") -> None: ...


class FeedbackReferrals(Protocol):
    def get(self, receipt: str, *, consistent: bool) -> "Referral | None": ...
    def apply(self, referral: "Referral", effect: "Effect", at: datetime) -> None: ...
    def note_feedback(self, sent_at: datetime) -> None: ...


class Breaker(Protocol):
    def check(self, campaign: str, policy: "BreakerPolicy", now: datetime) -> "Trip | None": ...
    def announced(self, trip: "Trip") -> None: ...


class BreakerStates(Protocol):
    def state(self, campaign: str, policy: "BreakerPolicy", now: datetime) -> "State": ...


class Counters(Protocol):
    def read(self, campaign: str, wanted: "Iterable[tuple[str, date | None]]") -> "Read": ...


class Announcements(Protocol):
    def breaker_tripped(self, trip: "Trip") -> None: ...


class Suppressions(Protocol):
    def suppress(self, key: str, fact: "Closing", now: datetime, campaign: str | None = None) -> None: ...
    def allow_again(self, key: str, now: datetime) -> None: ...


class ClosingReferrals(Protocol):
    def close(self, receipt: str, closing: "Closing", now: datetime) -> None: ...
    def answer(self, receipt: str, answer: "Answer", now: datetime) -> None: ...
    def note(self, receipt: str, milestone: str, now: datetime) -> None: ...


class Registry(Protocol):
    def ask(self, query: "Query") -> list[Any]: ...


class KeptMatches(Protocol):
    def get(self, key: str, now: datetime) -> "list[Match] | None": ...
    def put(self, key: str, matches: "list[Match]", now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Intake:
    """`fill_time` is what a person needs at least to fill in the form."""

    referrals: IntakeReferrals
    site: "Site"
    hashing_keys: "Ring"
    challenges: Challenges
    fill_time: timedelta


@dataclass(frozen=True, slots=True)
class Wake:
    referrals: WakeReferrals
    campaigns: "Campaigns"


@dataclass(frozen=True, slots=True)
class Gauges:
    campaigns: "Campaigns"
    breaker: BreakerStates
    stats: Counters
    quota: "Callable[[], Quota]"


@dataclass(frozen=True, slots=True)
class Feedback:
    referrals: FeedbackReferrals
    suppressions: Suppressions
    doctor_keys: "DoctorKeys"
    campaigns: "Campaigns"
    breaker: Breaker
    announcements: Announcements


@dataclass(frozen=True, slots=True)
class LinkParts:
    links: "Links"
    suppressions: Suppressions
    referrals: ClosingReferrals
    site: "Site"


@dataclass(frozen=True, slots=True)
class Lookup:
    registry: Registry
    kept: KeptMatches


class Dashboard:
    """Each part is built when a route first asks for it: no look needs all of them."""

    def __init__(self, settings: DashboardSettings) -> None:
        self.settings = settings

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
            doctor_keys=DoctorHashes(_ring(self.settings.hashing_keys_secret)),
            campaign_named=self.campaigns.get,
        )

    @cached_property
    def ses_account(self) -> "SesAccount":
        from referral_intake.adapters import ses

        return ses.SesAccount(ses.quick_client(), lambda: datetime.now(UTC))

    @cached_property
    def reports(self) -> "ReportTable":
        from referral_intake.adapters.report_table import ReportTable

        return ReportTable(self.table, self.settings.table_name, partial(datetime.now, UTC))

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

    def put_report_back(self, report: "Report", now: datetime) -> None:
        """Of a report that got lost: only one of several who notice at once puts it back."""
        if self.reports.note_put(report, now):
            self.report_queue.put(report.id)


class Reports:
    """What outlasts a request. A run makes one report or sends summaries: each imports only what it needs."""

    def __init__(self, settings: ReportsSettings) -> None:
        self.settings = settings
        self.now = partial(datetime.now, UTC)

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
    def files(self) -> "ReportFiles":
        from referral_intake.adapters import report_files

        return report_files.ReportFiles(report_files.client(), self.settings.report_files)

    @cached_property
    def reporting(self) -> "Reporting":
        from referral_intake.adapters import report_queue
        from referral_intake.adapters.report_table import ReportTable
        from referral_intake.domain.reporting import Reporting

        queue = report_queue.ReportQueue(report_queue.client(), self.settings.report_jobs_url)
        reports = ReportTable(self.table, self.settings.table_name, self.now)
        return Reporting(reports, queue, self.maker_of, self._record, self.now)

    def maker_of(self, report: "Report") -> "Maker":
        from referral_intake.domain.reports import Format

        if report.format is Format.PDF:
            from referral_intake.adapters.letter_files import LetterFiles

            place = Place(
                self.settings.table_name,
                self.settings.hashing_keys_secret,
                self.settings.signing_keys_secret,
                self.settings.site_url,
            )
            approved_only = self.settings.unapproved_content == "refuse"
            letters = press(place, self.settings.templates_dir, approved_only=approved_only)
            return LetterFiles(letters, self.files, self.campaigns.get, self.now)
        from referral_intake.adapters.export_rows import ExportRows

        rows = ExportRows(self.table, self.settings.table_name)
        if report.format is Format.XLSX:
            from referral_intake.adapters.xlsx_export import XlsxExport

            return XlsxExport(rows, self.files)
        from referral_intake.adapters.csv_export import CsvExport

        return CsvExport(rows, self.files)

    def _record(self, report: "Report", at: datetime) -> None:
        from referral_intake.domain.people import Person

        person = Person(report.sub, report.username, frozenset())
        self.audit.record(person, f"report_{report.state.value}", (report.id,), at)

    @cached_property
    def summarizing(self) -> "Summarizing":
        from referral_intake.adapters import ses
        from referral_intake.adapters.directory import Directory
        from referral_intake.adapters.summary_mail import SummaryMail
        from referral_intake.adapters.summary_numbers import SummaryNumbers
        from referral_intake.adapters.summary_table import SummaryTable
        from referral_intake.domain.summary import Summarizing

        settings, mail = self.settings, ses.client()
        return Summarizing(
            SummaryTable(self.table, settings.table_name),
            Directory(settings.user_pool_id).address_of,
            SummaryNumbers(self.table, settings.table_name, settings.stats_table_name, mail, self.now).of,
            SummaryMail(settings.templates_dir, settings.site_url).compose,
            ses.SesMailer(mail, settings.sender_address, settings.summary_configuration_set),
            self.now,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack keeps what a letter needs: its table, the names of its secrets, the site's address."""

    table: str
    hashing_keys: str
    signing_keys: str
    site_url: str


def press(place: Place, templates: "Path", *, approved_only: bool = True) -> "Press":
    """Prints letters of one stack. Without `approved_only`, wording that nobody approved too."""
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.claims import ClaimTable
    from referral_intake.adapters.keys import DoctorHashes
    from referral_intake.adapters.letters import Letters
    from referral_intake.adapters.links import Links
    from referral_intake.adapters.press import Press
    from referral_intake.adapters.secrets import Secrets

    secrets, table = Secrets(), dynamodb.client()
    links = Links(lambda: secrets.keyring(place.signing_keys), place.site_url)
    claims = ClaimTable(table, place.table)
    letters = Letters(templates, links, place.site_url, claims, approved_only=approved_only)
    return Press(table, place.table, DoctorHashes(lambda: secrets.keyring(place.hashing_keys)), letters)


@cache
def edge() -> "Edge":
    from referral_intake.adapters.edge import Edge

    return Edge(_secrets(), EdgeSettings.read(os.environ).origin_secret)


@cache
def intake() -> Intake:
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.challenges import Challenges
    from referral_intake.adapters.pages import Site
    from referral_intake.adapters.referral_table import ReferralTable

    settings = IntakeSettings.read(os.environ)
    hashing_keys = _ring(settings.hashing_keys_secret)
    return Intake(
        referrals=ReferralTable(dynamodb.client(), settings.table_name),
        site=Site(settings.templates_dir, settings.site_url),
        hashing_keys=hashing_keys,
        challenges=Challenges(hashing_keys, settings.challenge_tries),
        fill_time=timedelta(seconds=settings.fill_seconds),
    )


@cache
def outreach() -> "Outreach":
    from referral_intake.adapters import dynamodb, ses
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.claims import ClaimTable
    from referral_intake.adapters.keys import DoctorHashes
    from referral_intake.adapters.links import Links
    from referral_intake.adapters.messages import Messages
    from referral_intake.adapters.pace_table import PaceTable
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.adapters.sightings import SightingsTable
    from referral_intake.domain.outreach import Outreach

    settings = OutreachSettings.read(os.environ)
    table = dynamodb.client()
    mail = ses.client()
    now = partial(datetime.now, UTC)
    links = Links(_ring(settings.signing_keys_secret), settings.site_url)
    hashing_keys = _ring(settings.hashing_keys_secret)
    approved_only = settings.unapproved_content == "refuse"
    return Outreach(
        referrals=ReferralTable(table, settings.table_name),
        claims=ClaimTable(table, settings.table_name),
        turns=PaceTable(table, settings.table_name, ses.SesAccount(mail, now).quota, now),
        messages=Messages(settings.templates_dir, links, settings.site_url, approved_only=approved_only),
        mailer=ses.SesMailer(mail, settings.sender_address, settings.configuration_set),
        doctor_keys=DoctorHashes(hashing_keys),
        sightings=SightingsTable(table, settings.table_name, hashing_keys, settings.referrals_per_source, now),
        campaign_named=Campaigns(settings.templates_dir).get,
        now=now,
    )


@cache
def wake() -> Wake:
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.referral_table import ReferralTable

    settings = WakeSettings.read(os.environ)
    return Wake(ReferralTable(dynamodb.client(), settings.table_name), Campaigns(settings.templates_dir))


@cache
def gauges() -> Gauges:
    """Those of `wake`."""
    from referral_intake.adapters import dynamodb, ses
    from referral_intake.adapters.breaker_table import BreakerTable
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.stats_table import StatsTable

    settings = WakeSettings.read(os.environ)
    table = dynamodb.client()
    return Gauges(
        campaigns=Campaigns(settings.templates_dir),
        breaker=BreakerTable(table, settings.table_name),
        stats=StatsTable(table, settings.stats_table_name),
        quota=ses.SesAccount(ses.client(), partial(datetime.now, UTC)).quota,
    )


@cache
def feedback() -> Feedback:
    from referral_intake.adapters import announcements, dynamodb
    from referral_intake.adapters.breaker_table import BreakerTable
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.claims import ClaimTable
    from referral_intake.adapters.keys import DoctorHashes
    from referral_intake.adapters.referral_table import ReferralTable

    settings = FeedbackSettings.read(os.environ)
    table = dynamodb.client()
    return Feedback(
        referrals=ReferralTable(table, settings.table_name),
        suppressions=ClaimTable(table, settings.table_name),
        doctor_keys=DoctorHashes(_ring(settings.hashing_keys_secret)),
        campaigns=Campaigns(settings.templates_dir),
        breaker=BreakerTable(table, settings.table_name),
        announcements=announcements.Announcements(announcements.client, settings.stack_name),
    )


@cache
def links() -> LinkParts:
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.claims import ClaimTable
    from referral_intake.adapters.links import Links
    from referral_intake.adapters.pages import Site
    from referral_intake.adapters.referral_table import ReferralTable

    settings = LinksSettings.read(os.environ)
    table = dynamodb.client()
    return LinkParts(
        links=Links(_ring(settings.signing_keys_secret), settings.site_url),
        suppressions=ClaimTable(table, settings.table_name),
        referrals=ReferralTable(table, settings.table_name),
        site=Site(settings.templates_dir, settings.site_url),
    )


@cache
def stats() -> "CountingTable":
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.counting_table import CountingTable

    settings = StatsSettings.read(os.environ)
    return CountingTable(dynamodb.client(), settings.stats_table_name)


@cache
def lookup() -> Lookup:
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.lookup_table import LookupTable
    from referral_intake.adapters.npi_registry import NpiRegistry

    settings = LookupSettings.read(os.environ)
    return Lookup(NpiRegistry(settings.registry_url), LookupTable(dynamodb.client(), settings.table_name))


@cache
def dashboard() -> Dashboard:
    return Dashboard(DashboardSettings.read(os.environ))


@cache
def reports() -> Reports:
    return Reports(ReportsSettings.read(os.environ))


def _ring(secret_id: str) -> "Ring":
    return lambda: _secrets().keyring(secret_id)


@cache
def _secrets() -> "Secrets":
    from referral_intake.adapters.secrets import Secrets

    return Secrets()
