"""Route for an action on several referrals at once: letters that were posted together, or the members of a group."""

from datetime import datetime
from typing import Literal

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, ConfigDict, Field

from referral_intake.core.errors import Unavailable
from referral_intake.core.referral import parse_receipt
from referral_intake.core.users import User
from referral_intake.dashboard import action_refusals
from referral_intake.dashboard.action_runner import ChangedSinceSeen, TooLate
from referral_intake.dashboard.action_types import Action, ActionRequest, Invalid, Rejection
from referral_intake.dashboard.authorization import Manager, Now, Parts
from referral_intake.dashboard.wiring import DashboardParts

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here

# Each takes some requests to the table, one after the other. All must finish within the function's timeout.
MAX_REFERRALS = 50


class SelectedReferral(BaseModel):
    """`revision` is that of the referral as the user saw it."""

    model_config = ConfigDict(extra="forbid")

    receipt: str = Field(max_length=60, examples=["K3QF-7ZTA-MM2X-PE5R"])
    revision: int = Field(ge=1, strict=True)


class BulkActionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    action: Literal["letter_sent", "approve", "reject"]
    reason: Rejection | None = Field(default=None, description="The reason of a rejection.")
    referrals: list[SelectedReferral] = Field(min_length=1, max_length=MAX_REFERRALS)


class NotDone(BaseModel):
    """`code` is for programs, and `reason` for people."""

    receipt: str
    code: str
    reason: str


class BulkResult(BaseModel):
    """`done` are receipts. Every other referral is in `not_done`."""

    done: list[str]
    not_done: list[NotDone]


@router.post("/referrals/actions", tags=["work"], summary="Take an action on several referrals that wait for a person")
def take_action_on_several(user: Manager, parts: Parts, now: Now, body: BulkActionRequest) -> BulkResult:
    """Act on one referral after the other. One that can't be done stops no other."""
    result = BulkResult(done=[], not_done=[])
    for one in body.referrals:
        if refusal := _refusal(body, one, user, parts, now):
            result.not_done.append(refusal)
        else:
            result.done.append(one.receipt)
    return result


def _refusal(
    body: BulkActionRequest, one: SelectedReferral, user: User, parts: DashboardParts, now: datetime
) -> NotDone | None:
    """Take the action. Return why it had no effect, or None if it had."""

    def refused(code: str, reason: str) -> NotDone:
        return NotDone(receipt=one.receipt, code=code, reason=reason)

    reason = body.reason and body.reason.value
    request = ActionRequest(parse_receipt(one.receipt) or "", one.revision, Action(body.action), user, reason)
    try:
        if request.receipt and parts.action_runner.run(request, now):
            return None
        return refused("not_found", "There is no referral with this receipt.")
    except Invalid as invalid:
        error = action_refusals.field_error(invalid.errors[0])
        return refused(error["code"], error["message"])
    except ChangedSinceSeen as error:
        return refused("changed", action_refusals.changed(error))
    except TooLate as error:
        return refused("changed", action_refusals.too_late(error))
    except Unavailable:
        return refused("unavailable", "This could not be saved. Try again in a minute.")
