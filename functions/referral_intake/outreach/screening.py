"""What looks odd about a referral, so that a person looks before anybody is written to.

A form that mails anyone whom anyone names is a weapon; these are its marks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from referral_intake.core.campaign import Campaign
from referral_intake.core.doctor import plain_name
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something seen together with something else: `member` with `key`, which has at most `most` of them.

    Both are keyed hashes. `reason` says what is odd about one more.
    """

    reason: Reason
    key: str
    member: str
    most: int


class Sightings(Protocol):
    most_per_source: int
    """Referrals from one source in a day."""

    def is_disposable(self, domain: str) -> bool:
        """Whether anyone can have an address there for ten minutes."""

    def name_hash(self, name: str) -> str: ...

    def admits(self, sighting: Sighting) -> bool:
        """Notes the sighting, unless there are `most` others. The same one again is none more."""


def oddity(referral: Referral, keys: tuple[str, ...], campaign: Campaign, sightings: Sightings) -> Reason | None:
    """A word for what is odd, or None. Whoever was written to before, or let through by a person, is not."""
    if referral.messages or referral.is_vetted:
        return None
    email = referral.doctor.email
    if email and sightings.is_disposable(email.rpartition("@")[2]):
        return Reason.DISPOSABLE_DOMAIN
    seen = _seen(referral, keys, campaign, sightings)
    return next((one.reason for one in seen if not sightings.admits(one)), None)


def _seen(referral: Referral, keys: tuple[str, ...], campaign: Campaign, sightings: Sightings) -> Iterator[Sighting]:
    by_kind = {key.partition("#")[0]: key for key in keys}
    address, npi, name = by_kind.get("email"), by_kind.get("npi"), plain_name(referral.doctor.name)
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
