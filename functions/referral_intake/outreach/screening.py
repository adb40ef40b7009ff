"""Detect suspicious referrals, so that a person reviews them before a message is sent.

Anyone can submit the form with any address, so it can be abused to send unwanted mail.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import nameparser  # noqa: F401  # person_names needs it. At the start, Lambda has the most CPU.

from referral_intake.core import name_shape, person_names
from referral_intake.core.campaign import Campaign
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral


@dataclass(frozen=True, slots=True)
class ScreeningLimit:
    """The limit that `key` may occur with at most `maximum` different values. `member` is the value of this referral.

    Key and value are keyed hashes. `reason` is the reason to hold a referral above the limit.
    """

    reason: Reason
    key: str
    member: str
    maximum: int


class ScreeningCounts(Protocol):
    def is_disposable(self, domain: str) -> bool:
        """Whether the domain offers disposable addresses."""

    def name_hash(self, name: str) -> str: ...

    def record_source(self, source: str, receipt: str) -> Reason | None:
        """Record the referral, and return None, unless the source has reached its daily limit or caused a bounce."""

    def record_within_limit(self, limit: ScreeningLimit) -> bool:
        """Record the value, and return True, unless the key has `maximum` other values. Repeats count once."""


def suspicion_reason(
    referral: Referral, keys: tuple[str, ...], campaign: Campaign, screening_counts: ScreeningCounts
) -> Reason | None:
    """Return why the referral is suspicious, or None. Skip it if a message was sent or a person approved it."""
    if referral.messages or referral.is_vetted:
        return None
    if not referral.doctor.is_from_registry and not name_shape.is_usual(referral.doctor.name):
        return Reason.UNUSUAL_NAME
    email = referral.doctor.email
    if email and screening_counts.is_disposable(email.rpartition("@")[2]):
        return Reason.DISPOSABLE_DOMAIN
    if referral.source and (reason := screening_counts.record_source(referral.source, referral.receipt)):
        return reason
    limits = _limits(referral, keys, campaign, screening_counts)
    return next((one.reason for one in limits if not screening_counts.record_within_limit(one)), None)


def _limits(
    referral: Referral, keys: tuple[str, ...], campaign: Campaign, screening_counts: ScreeningCounts
) -> Iterator[ScreeningLimit]:
    by_kind = {key.partition("#")[0]: key for key in keys}
    address, npi, name = by_kind.get("email"), by_kind.get("npi"), person_names.identity(referral.doctor.name)
    if address and name:
        maximum = campaign.policy.names_per_address
        yield ScreeningLimit(
            Reason.MANY_NAMES_FOR_ONE_ADDRESS, f"names#{address}", screening_counts.name_hash(name), maximum
        )
    if address and npi:
        yield ScreeningLimit(
            Reason.SEVERAL_ADDRESSES_FOR_ONE_NPI, f"addresses#{npi}", address, campaign.policy.addresses_per_npi
        )
