"""Routes for tasks: the referrals that wait for a person, and the actions of users on them."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from referral_intake.aws.cursors import BadCursor
from referral_intake.aws.item_format import timestamp
from referral_intake.core.referral import Answer, Referral, UserAction, parse_receipt
from referral_intake.core.tasks import TaskKind
from referral_intake.core.users import User
from referral_intake.dashboard import action_refusals, etag, problems, query_parameters, referral_schemas, task_schemas
from referral_intake.dashboard.action_runner import ChangedSinceSeen, TooLate
from referral_intake.dashboard.action_types import (
    Action,
    ActionRequest,
    AnswerChannel,
    Invalid,
    Rejection,
    TakeBackReason,
)
from referral_intake.dashboard.authorization import Manager, Now, Parts, Viewer
from referral_intake.dashboard.etag import NOT_MODIFIED, IfNoneMatch
from referral_intake.dashboard.query_parameters import CampaignName
from referral_intake.dashboard.task_schemas import TaskList
from referral_intake.dashboard.wiring import DashboardParts
from referral_intake.web.http import Problem

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here

TAGS = ["work"]


class ReferralActionRequest(BaseModel):
    """An action. `revision` is that of the referral as the user saw it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"action": "reject", "revision": 1, "reason": "duplicate"}]}
    )

    action: Action
    revision: int = Field(ge=1, strict=True)
    reason: Rejection | TakeBackReason | None = Field(
        default=None, description="Why it is rejected, or why a complaint or opt-out is taken back."
    )
    email: str | None = Field(default=None, max_length=1000, description="The address that was found.")
    again: bool = Field(default=False, strict=True, description="Send a message that the doctor may already have.")
    answer: Answer | None = Field(default=None, description="What the doctor answered.")
    channel: AnswerChannel | None = Field(default=None, description="How the doctor told the user.")
    only_campaign: bool = Field(default=False, strict=True, description="The doctor opts out of this campaign only.")
    others: list[str] = Field(default=[], max_length=50, description="Receipts of the referrals that were compared.")


class ResumedCampaign(BaseModel):
    campaign: str


class TaskCount(BaseModel):
    """`is_more` means that there are more than `count`."""

    count: int
    is_more: bool


class Pause(BaseModel):
    reason: str
    since: datetime


class TaskSummary(BaseModel):
    kinds: dict[TaskKind, TaskCount]
    paused: Annotated[Pause | None, Field(description="Why and since when the campaign is paused, if it is.")]


@router.get("/work", tags=TAGS, summary="The number of tasks")
def work(user: Viewer, parts: Parts, campaign: CampaignName) -> TaskSummary:
    name = query_parameters.campaign(parts, campaign).name
    kinds = {
        kind: TaskCount(count=one.count, is_more=one.is_more) for kind, one in parts.listing.count_tasks(name).items()
    }
    pause = parts.breaker.pause(name)
    return TaskSummary(kinds=kinds, paused=Pause(reason=pause.reason, since=pause.since) if pause else None)


@router.get("/work/<kind>", tags=TAGS, summary="The tasks of one kind, oldest first", responses=NOT_MODIFIED)
def work_of_kind(
    user: Viewer,
    parts: Parts,
    now: Now,
    kind: Annotated[TaskKind, Path(examples=["held"])],
    campaign: CampaignName,
    cursor: Annotated[str | None, Query(description="From the previous page.")] = None,
    mark: IfNoneMatch = None,
) -> TaskList:
    chosen = query_parameters.campaign(parts, campaign)
    try:
        page = parts.listing.tasks(chosen.name, kind, cursor)
    except BadCursor:
        raise problems.invalid("cursor", "unknown", "This cursor is not from this list.") from None
    found = task_schemas.work_list(page, user, chosen)
    etag.check(mark, found.mark)
    parts.audit.record(user, f"work/{kind.value}", [referral.receipt for referral in page.referrals], now)
    return found


@router.post(
    "/referrals/<receipt>/actions",
    tags=TAGS,
    summary="Take an action on a referral that waits for a person",
)
def take_action(
    user: Manager,
    parts: Parts,
    now: Now,
    receipt: Annotated[str, Path(examples=["K3QF-7ZTA-MM2X-PE5R"])],
    body: ReferralActionRequest,
) -> dict[str, Any]:
    """Change nothing if the referral has changed since the user saw it. Do not repeat a completed action."""
    reason = body.reason and body.reason.value
    known = parse_receipt(receipt) or ""
    others = tuple(parse_receipt(other) or "" for other in body.others)
    action_request = ActionRequest(
        known,
        body.revision,
        body.action,
        user,
        reason,
        body.email,
        again=body.again,
        others=others,
        answer=body.answer and body.answer.value,
        channel=body.channel and body.channel.value,
        only_campaign=body.only_campaign,
    )
    try:
        referral = parts.action_runner.run(action_request, now) if known else None
    except Invalid as invalid:
        raise problems.invalid_fields([action_refusals.field_error(error) for error in invalid.errors]) from None
    except ChangedSinceSeen as changed:
        raise _conflict(
            action_refusals.changed(changed), changed.by, _audited_detail(changed.referral, user, parts, now)
        ) from None
    except TooLate as late:
        raise _conflict(
            action_refusals.too_late(late), None, _audited_detail(late.referral, user, parts, now)
        ) from None
    if referral is None:
        raise problems.not_found("There is no referral with this receipt.")
    return _audited_detail(referral, user, parts, now)


@router.post("/campaigns/<campaign>/resume", tags=TAGS, summary="Resume a campaign that has paused itself")
def resume(user: Manager, parts: Parts, now: Now, campaign: Annotated[str, Path(examples=["star"])]) -> ResumedCampaign:
    name = query_parameters.campaign(parts, campaign).name
    if not parts.breaker.resume(name, user, now):
        raise Problem(HTTPStatus.CONFLICT, "not_paused", "This campaign is not paused.")
    return ResumedCampaign(campaign=name)


def _conflict(detail: str, by: UserAction | None, referral: dict[str, Any]) -> Problem:
    changed = {"by": by.by, "at": timestamp(by.at), "what": by.what} if by else None
    return Problem(HTTPStatus.CONFLICT, "changed", detail, changed=changed, referral=referral)


def _audited_detail(referral: Referral, user: User, parts: DashboardParts, now: datetime) -> dict[str, Any]:
    """Return the details, with an audit record. If the record can't be written, raise and show nothing."""
    parts.audit.record(user, "detail", [referral.receipt], now)
    return _detail(referral, user, parts, now)


def _detail(referral: Referral, user: User, parts: DashboardParts, now: datetime) -> dict[str, Any]:
    return referral_schemas.detail(referral, user, parts).model_dump(mode="json")
