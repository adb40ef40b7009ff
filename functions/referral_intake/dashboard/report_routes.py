"""Routes for exports, letters and the weekly summary."""

import uuid
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, ConfigDict, Field

from referral_intake.core.errors import Unavailable
from referral_intake.core.report import FORMATS, QUEUE_TIMEOUT, Format, Report, ReportKind, ReportState
from referral_intake.core.search_filter import FILTERS, Filter
from referral_intake.core.weekly_summary import Subscriber
from referral_intake.dashboard import problems, query_parameters
from referral_intake.dashboard.authorization import Manager, Now, Parts, Viewer
from referral_intake.dashboard.declared_schemas import with_filters
from referral_intake.dashboard.query_parameters import CampaignName, Day
from referral_intake.web.http import Problem

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here

TAGS = ["reports"]
FILES_EXPIRED: dict[int, OpenAPIResponse] = {HTTPStatus.GONE: {"description": "The files have expired"}}
NO_ADDRESS: dict[int, OpenAPIResponse] = {HTTPStatus.CONFLICT: {"description": "No verified email address"}}


@with_filters(pattern=r"^[A-Za-z0-9_ -]+$")
class ReportFilter(BaseModel):
    """The filter, as in the search. A missing criterion matches every referral."""

    model_config = ConfigDict(extra="forbid")

    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class ReportRequest(BaseModel):
    """A new report. Letters have no filter: they are for all referrals that wait to be sent by post."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "referrals", "format": "csv", "campaign": "star", "filter": {"from": "2026-11-01"}}]
        },
    )

    kind: ReportKind
    format: Format
    campaign: str = Field(max_length=60)
    filter: ReportFilter = ReportFilter()


class ReportFile(BaseModel):
    name: str
    bytes: int


class OmittedLetter(BaseModel):
    receipt: str
    reason: str


class ReportDetails(BaseModel):
    id: str
    kind: ReportKind
    format: Format
    campaign: str
    filter: dict[str, str]
    requested_by: str
    requested_at: datetime
    state: ReportState
    rows_done: int
    files: list[ReportFile]
    expires_at: datetime | None
    detail: str | None = None
    left_out: list[OmittedLetter] = []


class ReportList(BaseModel):
    reports: list[ReportDetails]


DOWNLOAD_SECONDS = 300


class DownloadRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 0


class Download(BaseModel):
    url: str
    expires_in: int


class SubscriptionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"campaign": "star", "wanted": True}]})

    campaign: str
    wanted: Annotated[bool, Field(strict=True)]


class Subscription(BaseModel):
    campaign: str
    wanted: bool
    address: str | None


ReportId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["5b0c2f4e9a7d4c0f8e1b6a3d2c4f5e60"])]


@router.post(
    "/reports",
    tags=TAGS,
    summary="Request an export or letters",
    status_code=HTTPStatus.ACCEPTED,
)
def request_report(user: Manager, parts: Parts, now: Now, request: ReportRequest) -> ReportDetails:
    from referral_intake.aws.audit_log import audit_item

    campaign = query_parameters.campaign(parts, request.campaign).name
    if request.format not in FORMATS[request.kind]:
        formats = " or ".join(FORMATS[request.kind])
        raise problems.invalid("format", "not_of_this_kind", f"The format of {request.kind} can be {formats}.")
    chosen = request.filter
    if chosen.first and chosen.last and chosen.last < chosen.first:
        raise problems.invalid("filter.to", "before_from", "The last day is before the first day.")
    report = Report(
        id=uuid.uuid4().hex,
        kind=request.kind,
        format=request.format,
        campaign=campaign,
        filter=_filter(chosen) if request.kind is ReportKind.REFERRALS else Filter(),
        sub=user.sub,
        username=user.username,
        requested_at=now,
        put_at=now,
    )
    # The report is stored first: a report without a queued message is queued again later, the reverse would be lost.
    parts.reports.add(report, audit_item(user, "report_asked", [report.id], now))
    # If this fails, the report is stored anyway. The schedule, or a request for its state, queues it again.
    with suppress(Unavailable):
        parts.report_queue.put(report.id)
    return _details(report, now)


@router.get("/reports", tags=TAGS, summary="The latest reports of a campaign")
def latest(user: Manager, parts: Parts, now: Now, campaign: CampaignName) -> ReportList:
    name = query_parameters.campaign(parts, campaign).name
    return ReportList(reports=[_details(report, now) for report in parts.reports.latest(name)])


@router.get(
    "/reports/<report_id>",
    tags=TAGS,
    summary="The progress of a report",
)
def get_report(user: Manager, parts: Parts, now: Now, report_id: ReportId) -> ReportDetails:
    report = _existing_report(parts, report_id)
    if report.is_lost_at(now, QUEUE_TIMEOUT):
        parts.requeue_report(report, now)
    return _details(report, now)


@router.post(
    "/reports/<report_id>/download", tags=TAGS, summary="A URL to download a file from", responses=FILES_EXPIRED
)
def download(user: Manager, parts: Parts, now: Now, report_id: ReportId, request: DownloadRequest) -> Download:
    report = _existing_report(parts, report_id)
    state = report.state_at(now)
    if state is ReportState.EXPIRED:
        raise Problem(HTTPStatus.GONE, "expired", "The files have expired. Make the report again.")
    if state is not ReportState.READY or request.file >= len(report.files):
        raise problems.not_found("This file does not exist or is not ready.")
    key = report.files[request.file].key
    parts.audit.record(user, "report_downloaded", [report.id], now)
    return Download(url=parts.report_files.url(key, DOWNLOAD_SECONDS), expires_in=DOWNLOAD_SECONDS)


@router.put("/weekly-summary", tags=TAGS, summary="Turn the weekly summary by email on or off", responses=NO_ADDRESS)
def weekly_summary(user: Viewer, parts: Parts, now: Now, request: SubscriptionRequest) -> Subscription:
    from referral_intake.aws.audit_log import audit_item

    campaign = query_parameters.campaign(parts, request.campaign).name
    address = parts.address_of(user.username)
    if address is None and request.wanted:
        raise Problem(HTTPStatus.CONFLICT, "no_address", "Your account has no verified email address.")
    what = "summary_wanted" if request.wanted else "summary_unwanted"
    record = audit_item(user, what, [], now)
    parts.subscriptions.set(
        Subscriber(campaign, user.sub, user.username), now, is_subscribed=request.wanted, record=record
    )
    return Subscription(campaign=campaign, wanted=request.wanted, address=address)


def _filter(chosen: ReportFilter) -> Filter:
    values = {name: getattr(chosen, name) for name in FILTERS}
    return Filter(chosen.first, chosen.last, **{name: value and str(value) for name, value in values.items()})


def _existing_report(parts: Parts, report_id: str) -> Report:
    report = parts.reports.get(report_id)
    if report is None:
        raise problems.not_found("There is no such report.")
    return report


def _details(report: Report, now: datetime) -> ReportDetails:
    return ReportDetails(
        id=report.id,
        kind=report.kind,
        format=report.format,
        campaign=report.campaign,
        filter=dict(_filter_values(report.filter)),
        requested_by=report.username,
        requested_at=report.requested_at,
        state=report.state_at(now),
        rows_done=report.rows_done,
        files=[ReportFile(name=file.name, bytes=file.size) for file in report.files],
        expires_at=report.expires_at,
        detail=report.detail,
        left_out=[OmittedLetter(receipt=receipt, reason=reason) for receipt, reason in report.left_out.items()],
    )


_API_NAMES = {"first": "from", "last": "to"}


def _filter_values(chosen: Filter) -> dict[str, str]:
    given = {name: value for name, value in asdict(chosen).items() if value is not None}
    return {
        _API_NAMES.get(name, name): value.isoformat() if isinstance(value, date) else value
        for name, value in given.items()
    }
