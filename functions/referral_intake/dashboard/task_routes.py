"""What waits for a person, and what a person does about it."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from referral_intake.aws.cursors import BadCursor
from referral_intake.aws.item_format import timestamp
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Act, Referral, Stage, read_receipt
from referral_intake.core.tasks import Kind
from referral_intake.core.users import Person
from referral_intake.dashboard import etag, problems, query_parameters, referral_schemas
from referral_intake.dashboard.action_runner import Changed, TooLate
from referral_intake.dashboard.actions import Action, Invalid, Order, Rejection
from referral_intake.dashboard.authorization import Manager, Now, Parts, Viewer
from referral_intake.dashboard.etag import NOTHING_NEW, Known
from referral_intake.dashboard.query_parameters import CampaignName
from referral_intake.dashboard.referral_schemas import WorkList
from referral_intake.dashboard.wiring import Dashboard
from referral_intake.web.http import Problem

router = Router()  # type: ignore[no-untyped-call]  # Powertools says nothing of it

TAGS = ["work"]

_SAYS = {
    "not_offered": "This can't be done with the referral as it is.",
    "required": "This is needed.",
    "choice": "Choose one of the reasons.",
    "campaign_unknown": "The campaign's folder is gone: deploy it first.",
    "email_local_ascii": "What stands before the @ may have only letters without accents.",
    "email_syntax": "This is no email address.",
    "too_long": "This is too long.",
    "characters": "This has characters that nobody can see. Type it anew.",
    "link": "This is a link, and no email address.",
}
_AGAIN = "The doctor may have this message already. Say that it is to be sent again."


class ToDo(BaseModel):
    """`revision` is that of the referral as the person saw it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"action": "reject", "revision": 1, "reason": "duplicate"}]}
    )

    action: Action
    revision: int = Field(ge=1, strict=True)
    reason: Rejection | None = Field(default=None, description="Of a rejection.")
    email: str | None = Field(default=None, max_length=1000, description="The address that was found.")
    again: bool = Field(default=False, strict=True, description="Send what may have reached the doctor already.")


class Resumed(BaseModel):
    campaign: str


class Counted(BaseModel):
    """`is_more`: there are more than `count`."""

    count: int
    is_more: bool


class Paused(BaseModel):
    reason: str
    since: datetime


class Work(BaseModel):
    kinds: dict[Kind, Counted]
    paused: Annotated[Paused | None, Field(description="Why the campaign stopped itself, where it did.")]


@router.get("/work", tags=TAGS, summary="How much waits for a person")
def work(person: Viewer, parts: Parts, campaign: CampaignName) -> Work:
    name = query_parameters.campaign(parts, campaign).name
    kinds = {kind: Counted(count=one.count, is_more=one.is_more) for kind, one in parts.listing.waiting(name).items()}
    pause = parts.breaker.pause(name)
    return Work(kinds=kinds, paused=Paused(reason=pause.reason, since=pause.since) if pause else None)


@router.get("/work/<kind>", tags=TAGS, summary="What waits for a person, the oldest first", responses=NOTHING_NEW)
def work_of_kind(
    person: Viewer,
    parts: Parts,
    now: Now,
    kind: Annotated[Kind, Path(examples=["held"])],
    campaign: CampaignName,
    cursor: Annotated[str | None, Query(description="Of the page before.")] = None,
    mark: Known = None,
) -> WorkList:
    name = query_parameters.campaign(parts, campaign).name
    try:
        page = parts.listing.work(name, kind, cursor)
    except BadCursor:
        raise problems.invalid("cursor", "unknown", "This is no cursor of this list.") from None
    found = referral_schemas.work_list(page, person)
    etag.check(mark, found.mark)
    parts.audit.record(person, f"work/{kind.value}", [referral.receipt for referral in page.referrals], now)
    return found


@router.post("/referrals/<receipt>/actions", tags=TAGS, summary="Do something with a referral that waits for a person")
def act(
    person: Manager, parts: Parts, now: Now, receipt: Annotated[str, Path(examples=["K3QF-7ZTA-MM2X-PE5R"])], todo: ToDo
) -> dict[str, Any]:
    """Nothing is changed where the referral is not any more as it was seen. What was done already is not done again."""
    reason = todo.reason and todo.reason.value
    known = read_receipt(receipt) or ""
    order = Order(known, todo.revision, todo.action, person, reason, todo.email, again=todo.again)
    try:
        referral = parts.action_runner.carry_out(order, now) if known else None
    except Invalid as invalid:
        raise problems.invalid_fields([_error(error.field, error.code) for error in invalid.errors]) from None
    except Changed as changed:
        raise _conflict(_changed(changed), changed.by, _shown(changed.referral, person, parts, now)) from None
    except TooLate as late:
        raise _conflict(_too_late(late), None, _shown(late.referral, person, parts, now)) from None
    if referral is None:
        raise problems.not_found("There is no referral with this receipt.")
    return _shown(referral, person, parts, now)


@router.post("/campaigns/<campaign>/resume", tags=TAGS, summary="Let a campaign send again that has stopped itself")
def resume(person: Manager, parts: Parts, now: Now, campaign: Annotated[str, Path(examples=["star"])]) -> Resumed:
    name = query_parameters.campaign(parts, campaign).name
    if not parts.breaker.resume(name, person, now):
        raise Problem(HTTPStatus.CONFLICT, "not_paused", "This campaign is not paused.")
    return Resumed(campaign=name)


def _error(field: str, code: str) -> dict[str, str]:
    message = _AGAIN if field == "again" else _SAYS.get(code, "This can't be taken.")
    return {"field": field, "code": code, "message": message}


def _conflict(detail: str, by: Act | None, referral: dict[str, Any]) -> Problem:
    changed = {"by": by.by, "at": timestamp(by.at), "what": by.what} if by else None
    return Problem(HTTPStatus.CONFLICT, "changed", detail, changed=changed, referral=referral)


def _changed(changed: Changed) -> str:
    who = f"{changed.by.by} was quicker" if changed.by else "This referral has changed"
    return f"{who}: it is not any more as you saw it. Nothing was done."


def _too_late(late: TooLate) -> str:
    if late.act.note != Closing.JOINED:
        return "This doctor had said no before this was noted. The referral is closed: don't write, don't call."
    if late.referral.stage is Stage.CLOSED:
        return "This doctor had been told through another referral. This one is closed as joined."
    return "This doctor is being told through another referral just now. This one waits for what becomes of it."


def _shown(referral: Referral, person: Person, parts: Dashboard, now: datetime) -> dict[str, Any]:
    """A look like any other: it leaves a record, or nothing is shown."""
    parts.audit.record(person, "detail", [referral.receipt], now)
    return _detail(referral, person, parts, now)


def _detail(referral: Referral, person: Person, parts: Dashboard, now: datetime) -> dict[str, Any]:
    return referral_schemas.detail(referral, person, parts).model_dump(mode="json")
