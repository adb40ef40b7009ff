"""Detect suspicious referrals, so that a person reviews them before the doctor is told by email, letter or call.

Anyone can submit the form with any address, so it can be abused to send unwanted mail.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import nameparser  # noqa: F401  # person_names needs it. At the start, Lambda has the most CPU.

from referral_intake.core import contact, mail_domains, name_shape, person_names
from referral_intake.core.campaign import Campaign
from referral_intake.core.limits import NETWORK_FACTOR, WEEK, GroupKind, Mark
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral

# The hashes of a source and its network change every day.
_SOURCE_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a referral is held, and the group of the referrals that have the same mark, if it is held for a mark."""

    reason: Reason
    group: str | None = None


class ScreeningCounts(Protocol):
    """Every method that reads or writes raises Unavailable."""

    @property
    def max_per_source(self) -> int:
        """How many referrals a day from one network address are sent unchecked."""

    def is_disposable(self, domain: str) -> bool:
        """Whether the domain offers disposable addresses."""

    def hash_of(self, kind: str, value: str) -> str: ...

    def admit(self, marks: Sequence[Mark], domain: str | None, campaign: Campaign | None) -> Suspicion | None:
        """Count the members and return None, or return the first limit that is reached and count nothing.

        The limit of a mail `domain` does not apply if a manager confirmed it as a hospital's. With `campaign`, a new
        doctor also counts toward the campaign's daily total.
        """

    def group_for(self, campaign: str, row: str) -> str | None:
        """Return None if the list of tasks may have this row, or else the group of the other ones of this day."""


def suspicion(
    referral: Referral, keys: tuple[str, ...], campaign: Campaign, screening_counts: ScreeningCounts
) -> Suspicion | None:
    """Return why the referral is suspicious, or None. Skip it if a message was sent or a person approved it."""
    if referral.messages or referral.is_vetted:
        return None
    reason = _reason_of_doctor(referral, campaign, screening_counts)
    marks = [*_source_marks(referral, screening_counts.max_per_source)]
    if reason is None:
        marks += _doctor_marks(referral, keys, campaign, screening_counts)
    email = None if reason else referral.doctor.email
    found = screening_counts.admit(marks, email and mail_domains.domain_of(email), campaign if email else None)
    found = found or (Suspicion(reason) if reason else None)
    if found is None:
        return None
    # Also without a mark of its own, or with many marks, an attacker adds few rows to the list of tasks.
    overflow = screening_counts.group_for(campaign.name, found.group or referral.receipt)
    return Suspicion(found.reason, overflow or found.group)


def _reason_of_doctor(referral: Referral, campaign: Campaign, screening_counts: ScreeningCounts) -> Reason | None:
    """Return why the doctor's details are suspicious by themselves."""
    doctor = referral.doctor
    if not doctor.is_from_registry and not name_shape.is_usual(doctor.name):
        return Reason.UNUSUAL_NAME
    if doctor.email and screening_counts.is_disposable(doctor.email.rpartition("@")[2]):
        return Reason.DISPOSABLE_DOMAIN
    if doctor.email and mail_domains.is_role(doctor.email) and not campaign.policy.mails_role_addresses:
        return Reason.ROLE_ADDRESS
    return None


def _source_marks(referral: Referral, maximum: int) -> Iterator[Mark]:
    for reason, kind, value, most in (
        (Reason.MANY_FROM_ONE_SOURCE, GroupKind.SOURCE, referral.source, maximum),
        (Reason.MANY_FROM_ONE_NETWORK, GroupKind.NETWORK, referral.network, NETWORK_FACTOR * maximum),
    ):
        if value:
            yield Mark(reason, kind, f"{kind}#{value}", referral.receipt, most, expires_after=_SOURCE_KEPT)


def _doctor_marks(
    referral: Referral, keys: tuple[str, ...], campaign: Campaign, screening_counts: ScreeningCounts
) -> Iterator[Mark]:
    by_kind = {key.partition("#")[0]: key for key in keys}
    address, npi, policy = by_kind.get("email"), by_kind.get("npi"), campaign.policy
    if address:
        name = screening_counts.hash_of("name", person_names.identity(referral.doctor.name))
        yield Mark(
            Reason.MANY_NAMES_FOR_ONE_ADDRESS, GroupKind.ADDRESS, f"names#{address}", name, policy.names_per_address
        )
    if address and npi:
        yield Mark(
            Reason.SEVERAL_ADDRESSES_FOR_ONE_NPI, GroupKind.NPI, f"addresses#{npi}", address, policy.addresses_per_npi
        )
    # The first key is the strongest, so one doctor whom several patients name counts once.
    doctor = keys[0].rpartition("#")[2][:16]
    for reason, kind, value, maximum in _shared_details(referral, campaign):
        key = f"limit#{screening_counts.hash_of(kind, value)}"
        yield Mark(reason, kind, key, doctor, maximum, is_daily=True, expires_after=WEEK + timedelta(days=1))


def _shared_details(referral: Referral, campaign: Campaign) -> Iterator[tuple[Reason, GroupKind, str, int]]:
    """Yield what the doctor has in common with others: the reason to hold many of them, the kind, value and maximum."""
    doctor, policy = referral.doctor, campaign.policy
    if doctor.email:
        domain, name = mail_domains.domain_of(doctor.email), person_names.identity(doctor.name)
        yield Reason.SEVERAL_ADDRESSES_FOR_ONE_NAME, GroupKind.NAME, f"{name} {domain}", policy.addresses_per_name
        if not mail_domains.is_public(domain):
            yield Reason.MANY_AT_ONE_DOMAIN, GroupKind.DOMAIN, domain, policy.introductions_per_domain
    if doctor.phone:
        number = contact.without_extension(doctor.phone)
        yield Reason.MANY_AT_ONE_PHONE, GroupKind.PHONE, number, policy.introductions_per_practice
    practice = " ".join(person_names.search_words(doctor.practice or ""))
    if practice and doctor.address.postal_code:
        place = f"{practice} {doctor.address.postal_code[:5]}"
        yield Reason.MANY_AT_ONE_PRACTICE, GroupKind.PRACTICE, place, policy.introductions_per_practice
