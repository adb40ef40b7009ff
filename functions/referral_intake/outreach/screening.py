"""Detect suspicious referrals, so that a person reviews them before a message is sent.

Anyone can submit the form with any address, so it can be abused to send unwanted mail. These checks detect that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import nameparser  # noqa: F401  # person_names needs it. At the start, Lambda has the most CPU.

from referral_intake.core import person_names
from referral_intake.core.campaign import Campaign
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral


@dataclass(frozen=True, slots=True)
class Sighting:
    """A value seen together with a key: `member` with `key`, which may have at most `most` different members.

    Both are keyed hashes, except that a receipt is a member of its source. `reason` applies if there are more members.
    """

    reason: Reason
    key: str
    member: str
    most: int


class Sightings(Protocol):
    most_per_source: int
    """The maximum number of referrals from one source per day."""

    def is_disposable(self, domain: str) -> bool:
        """Whether the domain offers disposable addresses."""

    def name_hash(self, name: str) -> str: ...

    def admits(self, sighting: Sighting) -> bool:
        """Record the sighting, unless the key has `most` other members. A repeated member does not count again."""


def oddity(referral: Referral, keys: tuple[str, ...], campaign: Campaign, sightings: Sightings) -> Reason | None:
    """Return why the referral is suspicious, or None. Skip one that was sent a message or that a person approved."""
    if referral.messages or referral.is_vetted:
        return None
    if person_names.is_unusual(referral.doctor.name):
        return Reason.UNUSUAL_NAME
    email = referral.doctor.email
    if email and sightings.is_disposable(email.rpartition("@")[2]):
        return Reason.DISPOSABLE_DOMAIN
    seen = _seen(referral, keys, campaign, sightings)
    return next((one.reason for one in seen if not sightings.admits(one)), None)


def _seen(referral: Referral, keys: tuple[str, ...], campaign: Campaign, sightings: Sightings) -> Iterator[Sighting]:
    by_kind = {key.partition("#")[0]: key for key in keys}
    address, npi, name = by_kind.get("email"), by_kind.get("npi"), person_names.identity(referral.doctor.name)
    if referral.source:
        yield Sighting(
            Reason.MANY_FROM_ONE_SOURCE, f"source#{referral.source}", referral.receipt, sightings.most_per_source
        )
    if address and name:
        most = campaign.policy.names_per_address
        yield Sighting(Reason.MANY_NAMES_FOR_ONE_ADDRESS, f"names#{address}", sightings.name_hash(name), most)
    if address and npi:
        yield Sighting(
            Reason.SEVERAL_ADDRESSES_FOR_ONE_NPI, f"addresses#{npi}", address, campaign.policy.addresses_per_npi
        )
