"""Route for a comparison: the referrals whose doctors may be the doctor of a held referral."""

from datetime import datetime

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

from referral_intake.core.claim import Claim
from referral_intake.core.doctor_matching import PossibleMatch
from referral_intake.core.referral import Referral, parse_receipt
from referral_intake.core.steps import INTRODUCTION
from referral_intake.core.users import User
from referral_intake.dashboard import problems, referral_schemas
from referral_intake.dashboard.authorization import Now, Parts, Viewer
from referral_intake.dashboard.referral_routes import Receipt
from referral_intake.dashboard.referral_schemas import AddressDetails, ReferralRow

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here


class MatchingReferral(ReferralRow):
    """A referral whose doctor has the same `shared` details: `email`, or the name with `phone` or `postcode`.

    `told_at` is null if the doctor has not been told.
    """

    address: AddressDetails
    shared: list[str]
    has_opted_out: bool
    told_at: datetime | None


class MatchWithoutReferral(BaseModel):
    """A doctor whose referral was erased, or whose opt-out came without a referral. Then `receipt` is empty."""

    receipt: str
    shared: list[str]
    has_opted_out: bool


class Comparison(BaseModel):
    matches: list[MatchingReferral]
    without_referral: list[MatchWithoutReferral]


@router.get(
    "/referrals/<receipt>/matches", tags=["referrals"], summary="Referrals whose doctors may be the doctor of this one"
)
def matches(user: Viewer, parts: Parts, now: Now, receipt: Receipt) -> Comparison:
    """The user compares these doctors with the doctor of the held referral."""
    known = parse_receipt(receipt)
    referral = parts.referrals.get(known, consistent=True) if known else None
    if referral is None:
        raise problems.not_found("There is no referral with this receipt.")
    claim = Claim(referral, INTRODUCTION, *parts.doctor_keys.of(referral))
    possible = {one.receipt: one for one in parts.claims.possible_matches(claim)}
    found = {receipt: parts.referrals.get(receipt, consistent=True) for receipt in possible if receipt}
    existing = {receipt: other for receipt, other in found.items() if other}
    parts.audit.record(user, "matches", [referral.receipt, *existing], now)
    return Comparison(
        matches=[_matching(possible[receipt], other, user) for receipt, other in existing.items()],
        without_referral=[
            MatchWithoutReferral(receipt=receipt, shared=sorted(one.shared), has_opted_out=one.has_opted_out)
            for receipt, one in possible.items()
            if receipt not in existing
        ],
    )


def _matching(match: PossibleMatch, other: Referral, user: User) -> MatchingReferral:
    return MatchingReferral(
        **referral_schemas.row(other, user),
        address=referral_schemas.address(other, user),
        shared=sorted(match.shared),
        has_opted_out=match.has_opted_out,
        told_at=other.milestones.get("sent"),
    )
