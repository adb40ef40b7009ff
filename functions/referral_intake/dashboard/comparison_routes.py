"""Route for a comparison: the referrals whose doctors may be the doctor of a held referral."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel, Field

from referral_intake.core.claim import Claim
from referral_intake.core.doctor_matching import PossibleMatch
from referral_intake.core.referral import Referral, parse_receipt
from referral_intake.core.steps import INTRODUCTION
from referral_intake.core.users import Person
from referral_intake.dashboard import problems, referral_schemas
from referral_intake.dashboard.authorization import Now, Parts, Viewer
from referral_intake.dashboard.referral_routes import Receipt
from referral_intake.dashboard.referral_schemas import AddressSeen, Row

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here


class MatchingReferral(Row):
    """Another referral. Its doctor has the same `shared` details: email, phone, postcode (the last two with the name).

    `told_at` is when its doctor was told. Null if that has not happened.
    """

    address: AddressSeen
    shared: list[str]
    has_opted_out: bool
    told_at: datetime | None


class Comparison(BaseModel):
    """`erased` counts referrals that no longer exist, although what their doctors decided is still stored."""

    matches: list[MatchingReferral]
    erased: Annotated[int, Field(ge=0)]


@router.get(
    "/referrals/<receipt>/matches", tags=["referrals"], summary="Referrals whose doctors may be the doctor of this one"
)
def matches(person: Viewer, parts: Parts, now: Now, receipt: Receipt) -> Comparison:
    """Say which doctors a person must compare with the doctor of a held referral."""
    known = parse_receipt(receipt)
    referral = parts.referrals.get(known, consistent=True) if known else None
    if referral is None:
        raise problems.not_found("There is no referral with this receipt.")
    claim = Claim(referral, INTRODUCTION, *parts.doctor_keys.of(referral))
    possible = parts.claims.possible_matches(claim)
    found = [(one, parts.referrals.get(one.receipt, consistent=True)) for one in possible]
    existing = [(one, other) for one, other in found if other]
    parts.audit.record(person, "matches", [referral.receipt, *(other.receipt for _, other in existing)], now)
    return Comparison(
        matches=[_matching(one, other, person) for one, other in existing], erased=len(found) - len(existing)
    )


def _matching(match: PossibleMatch, other: Referral, person: Person) -> MatchingReferral:
    return MatchingReferral(
        **referral_schemas.row(other, person),
        address=referral_schemas.address(other, person),
        shared=sorted(match.shared),
        has_opted_out=match.has_opted_out,
        told_at=other.milestones.get("sent"),
    )
