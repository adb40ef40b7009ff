"""Sample submissions, referrals and campaigns."""

import uuid
from datetime import UTC, datetime
from typing import Any

from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.campaign import Campaign
from referral_intake.core.referral import Referral, new_referral
from referral_intake.core.submission import parse
from referral_intake.core.users import Role, User
from tests.support import project

ROOT = project.ROOT
TEMPLATES = project.root() / "templates"
CAMPAIGNS = Campaigns(TEMPLATES)
# The template, with the campaigns of the tests.
TEMPLATE_FILE = project.root() / "infra" / "template.yaml"
# The campaign of most tests.
CAMPAIGN = "lumen"
MANAGER = User("9d2c1c9e-0000-4000-8000-000000000002", "maria", frozenset({Role.MANAGER}))
NOW = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)


def campaign(name: str = CAMPAIGN) -> Campaign:
    found = CAMPAIGNS.get(name)
    assert found is not None
    return found


def doctor(**details: Any) -> dict[str, Any]:
    return {"name": "Maria Lopez", "email": "maria.lopez@clinic.example"} | details


def payload(**fields: Any) -> dict[str, Any]:
    """A submission as the page sends it. Each call has its own submission id."""
    sent = {
        "submission_id": str(uuid.uuid4()),
        "campaign": CAMPAIGN,
        "locale": "en",
        "submitted_by": "patient",
        "doctor": doctor(),
    }
    return sent | fields


def referral(**doctor_details: Any) -> Referral:
    """A referral as stored by intake."""
    return new_referral(parse(payload(doctor=doctor(**doctor_details)), CAMPAIGNS.get), NOW)
