"""The campaign in numbers, and who asks."""

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

from referral_intake.domain.people import Role
from referral_intake.handlers.signed_in import Parts, Viewer

router = Router()  # type: ignore[no-untyped-call]  # Powertools says nothing of it


class CampaignName(BaseModel):
    name: str
    title: str


class Me(BaseModel):
    user: str
    roles: list[Role]
    campaigns: list[CampaignName]
    weekly_summary: dict[str, bool]


@router.get("/me", summary="Who is signed in, and what there is to see")
def me(person: Viewer, parts: Parts) -> Me:
    campaigns = {name: campaign for name in parts.campaigns.names() if (campaign := parts.campaigns.get(name))}
    return Me(
        user=person.username,
        roles=sorted(person.roles),
        campaigns=[CampaignName(name=name, title=campaign.product) for name, campaign in campaigns.items()],
        weekly_summary=dict.fromkeys(campaigns, False),
    )
