"""Routes for groups of held referrals, and for mail domains of hospitals, which have no limit."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from referral_intake.aws.cursors import BadCursor
from referral_intake.aws.listing_table import CappedCount, Page
from referral_intake.core import contact
from referral_intake.core.mail_domains import domain_of, is_public
from referral_intake.core.tasks import TaskKind
from referral_intake.core.validation import Invalid
from referral_intake.dashboard import etag, problems, query_parameters, task_schemas
from referral_intake.dashboard.authorization import Manager, Now, Parts, Viewer
from referral_intake.dashboard.etag import NOT_MODIFIED, IfNoneMatch
from referral_intake.dashboard.query_parameters import CampaignName
from referral_intake.dashboard.task_schemas import GroupMembers
from referral_intake.dashboard.wiring import DashboardParts

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here

TAGS = ["work"]
_NAME = "[a-z]{1,20}-[0-9a-f-]{1,16}"
_DOMAIN_GROUP = "domain-"


class MailDomain(BaseModel):
    """A mail domain, and whether it belongs to a hospital. If so, introductions to it have no limit."""

    model_config = ConfigDict(extra="forbid")

    domain: str = Field(max_length=253, examples=["hospital.example"])
    is_hospital: bool = Field(strict=True)


@router.get("/groups/<name>", tags=TAGS, summary="The members of a group, oldest first", responses=NOT_MODIFIED)
def members(
    user: Viewer,
    parts: Parts,
    now: Now,
    name: Annotated[str, Path(pattern=f"^{_NAME}$", examples=["domain-3fa9c1e2d4b5a697"])],
    campaign: CampaignName,
    cursor: Annotated[str | None, Query(description="From the previous page.")] = None,
    mark: IfNoneMatch = None,
) -> GroupMembers:
    chosen = query_parameters.campaign(parts, campaign)
    try:
        page = parts.listing.tasks(chosen.name, TaskKind.HELD, cursor, name)
    except BadCursor:
        raise problems.invalid("cursor", "unknown", "This cursor is not from this list.") from None
    group = parts.listing.group(chosen.name, name)
    total = group.count if group else CappedCount(0, is_more=False)
    found = task_schemas.group_members(page, total, user, chosen, is_hospital=_is_hospital(name, page, parts))
    etag.check(mark, found.mark)
    parts.audit.record(user, "group", [referral.receipt for referral in page.referrals], now)
    return found


def _is_hospital(name: str, page: Page, parts: DashboardParts) -> bool | None:
    addresses = [one.doctor.email for one in page.referrals if one.doctor.email]
    if not name.startswith(_DOMAIN_GROUP) or not addresses:
        return None
    return parts.hospital_domains.is_hospital(domain_of(addresses[0]))


@router.put("/mail-domains", tags=TAGS, summary="Confirm that a mail domain belongs to a hospital, or take it back")
def set_mail_domain(user: Manager, parts: Parts, now: Now, body: MailDomain) -> MailDomain:
    """The limit of introductions per mail domain does not apply to a hospital. Members of its group still wait."""
    try:
        domain = domain_of(contact.email(f"name@{body.domain.strip()}"))
    except Invalid:
        raise problems.invalid("domain", "domain", "This is not a valid mail domain.") from None
    if is_public(domain):
        raise problems.invalid("domain", "public", "This is a public mail provider. It has no limit.")
    change = parts.hospital_domains.confirm if body.is_hospital else parts.hospital_domains.take_back
    change(domain, user, now)
    return MailDomain(domain=domain, is_hospital=body.is_hospital)
