"""Routes for referrals: the search, the details of one, and the messages that were sent."""

import re
from collections.abc import Callable
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, ConfigDict, Field

from referral_intake.aws.cursors import BadCursor
from referral_intake.aws.listing_table import Page
from referral_intake.core import contact
from referral_intake.core.mailboxes import mailbox
from referral_intake.core.referral import Referral, parse_receipt
from referral_intake.core.search_filter import (
    FILTERS,
    MIN_NAME_LENGTH,
    Filter,
    FilterField,
    SearchCriteria,
    search_words,
)
from referral_intake.core.users import Role
from referral_intake.core.validation import Invalid
from referral_intake.dashboard import authorization, etag, problems, query_parameters, referral_schemas
from referral_intake.dashboard.authorization import Manager, Now, Parts, Viewer
from referral_intake.dashboard.declared_schemas import with_filters
from referral_intake.dashboard.etag import NOT_MODIFIED, IfNoneMatch
from referral_intake.dashboard.query_parameters import Day
from referral_intake.dashboard.referral_schemas import ReferralDetails, ReferralList
from referral_intake.dashboard.wiring import DashboardParts

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here

TAGS = ["referrals"]
Receipt = Annotated[str, Path(examples=["K3QF-7ZTA-MM2X-PE5R"])]

_STEP = re.compile(r"[a-z]+(?:_[0-9]+)?")
_MESSAGES = {
    "email": "This is not a valid email address.",
    "npi": "This is not a valid NPI. An NPI has ten digits.",
}


@with_filters()
class SearchRequest(BaseModel):
    """Search criteria. A referral must match all of them. `name`, `email` and `npi` are for managers."""

    model_config = ConfigDict(extra="forbid")

    campaign: str = Field(examples=["star"])
    first: Day | None = Field(default=None, alias="from", description="The first day, in UTC.")
    last: Day | None = Field(default=None, alias="to", description="The last day (inclusive), in UTC.")
    name: str | None = Field(default=None, max_length=200, description="The beginning of any word of the name.")
    email: str | None = Field(default=None, max_length=1000)
    npi: str | None = Field(default=None, max_length=60)
    receipt: str | None = Field(default=None, max_length=60)
    cursor: str | None = Field(default=None, max_length=200, description="From the previous page of the same search.")
    known: str | None = Field(default=None, max_length=etag.MAX_LENGTH, description=etag.KNOWN_DESCRIPTION)


class MessageCopy(BaseModel):
    """`sender` is the name that the doctor sees."""

    step: str
    subject: str
    to: str
    sender: str = Field(serialization_alias="from")
    reply_to: str
    html: str
    text: str


@router.post(
    "/referrals/search",
    tags=TAGS,
    summary="Find referrals, newest first",
    responses=NOT_MODIFIED,
)
def search(user: Viewer, parts: Parts, now: Now, search: SearchRequest) -> ReferralList:
    """One request reads a limited amount.

    The response says how far back it searched. The cursor continues from there.
    """
    if search.name or search.email or search.npi:
        authorization.check(user, Role.MANAGER)
    criteria = _criteria(search, parts)
    try:
        page = _page(search, criteria, parts)
    except BadCursor:
        raise problems.invalid("cursor", "unknown", "This cursor is not from this search.") from None
    found = referral_schemas.listing(page, user)
    etag.check(search.known, found.mark)
    parts.audit.record(user, "search", [referral.receipt for referral in page.referrals], now)
    return found


@router.get("/referrals/<receipt>", tags=TAGS, summary="The details and history of a referral", responses=NOT_MODIFIED)
def detail(user: Viewer, parts: Parts, now: Now, receipt: Receipt, mark: IfNoneMatch = None) -> ReferralDetails:
    found = referral_schemas.detail(_referral(receipt, parts), user, parts)
    etag.check(mark, found.mark)
    parts.audit.record(user, "detail", [found.receipt], now)
    return found


@router.get("/referrals/<receipt>/messages/<step>", tags=TAGS, summary="The message as it was sent")
def message(
    user: Manager, parts: Parts, now: Now, receipt: Receipt, step: Annotated[str, Path(examples=["introduction"])]
) -> MessageCopy:
    known = parse_receipt(receipt)
    found = parts.sent_messages.read(known, step) if known and _STEP.fullmatch(step) else None
    if known is None or found is None:
        raise problems.not_found("There is no stored copy of this message.")
    parts.audit.record(user, "message", [known], now)
    return MessageCopy(
        step=step,
        subject=found.subject,
        to=found.to,
        sender=found.sender_name,
        reply_to=found.reply_to,
        html=found.html,
        text=found.text,
    )


def _referral(typed: str, parts: DashboardParts) -> Referral:
    receipt = parse_receipt(typed)
    found = parts.referrals.get(receipt, consistent=True) if receipt else None
    if found is None:
        raise problems.not_found("There is no referral with this receipt.")
    return found


def _page(search: SearchRequest, criteria: SearchCriteria, parts: DashboardParts) -> Page:
    if not search.receipt:
        return parts.listing.search(criteria, search.cursor)
    receipt = parse_receipt(search.receipt)
    if receipt is None:
        raise problems.invalid("receipt", "receipt", "A receipt looks like K3QF-7ZTA-MM2X-PE5R.")
    return parts.listing.find_receipt(receipt, criteria)


def _criteria(search: SearchRequest, parts: DashboardParts) -> SearchCriteria:
    """Return the search criteria. Raise Problem if one is invalid."""
    for name in ("first", "last"):
        day = getattr(search, name)
        if day and not query_parameters.FIRST_DAY <= day <= query_parameters.LAST_DAY:
            field = SearchRequest.model_fields[name].alias or name
            raise problems.invalid(
                field, "out_of_range", f"Choose a day from {query_parameters.FIRST_DAY} to {query_parameters.LAST_DAY}."
            )
    if search.first and search.last and search.last < search.first:
        raise problems.invalid("to", "before_from", "The last day is before the first day.")
    words = search_words(search.name or "")
    if search.name and not words:
        raise problems.invalid("name", "too_short", f"Enter at least {MIN_NAME_LENGTH} letters.")
    chosen = {name: _filter_value(one, getattr(search, name)) for name, one in FILTERS.items()}
    email = _normalized("email", search.email, contact.email)
    return SearchCriteria(
        campaign=query_parameters.campaign(parts, search.campaign).name,
        filter=Filter(search.first, search.last, **chosen),
        words=words,
        email=email and mailbox(email),
        npi=_normalized("npi", search.npi, contact.npi),
    )


def _filter_value(one: FilterField, typed: str | None) -> str | None:
    try:
        return one.normalized(typed or "")
    except Invalid as invalid:
        raise problems.invalid(one.name, invalid.code, one.refusal) from None


def _normalized(field: str, typed: str | None, normal: Callable[[str], str]) -> str | None:
    """Return the value in the normal form of the table. Raise Problem."""
    if not typed or not typed.strip():
        return None
    try:
        return normal(typed.strip())
    except Invalid as invalid:
        raise problems.invalid(field, invalid.code, _MESSAGES[field]) from None
