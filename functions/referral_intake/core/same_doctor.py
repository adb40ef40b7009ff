"""Whether two referrals name the same doctor: the rules, in both orders of arrival."""

from dataclasses import dataclass
from enum import StrEnum

from referral_intake.core.doctor import Doctor


class Verdict(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    # Held: a person decides. The values are the reasons.
    SHARED_MAILBOX = "shared_mailbox"
    POSSIBLY_SAME = "possibly_same_doctor"

    @property
    def is_held(self) -> bool:
        return self in {Verdict.SHARED_MAILBOX, Verdict.POSSIBLY_SAME}


@dataclass(frozen=True, slots=True)
class Identifiers:
    """A doctor's strong identifiers, mailbox and NPI, and the weak ones, each with its kind."""

    mailbox: str | None = None
    npi: str | None = None
    weak: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, doctor: Doctor) -> "Identifiers":
        keys = doctor.keys
        weak = frozenset((kind, value) for kind, value in keys.items() if kind not in {"email", "npi"})
        return cls(keys.get("email"), keys.get("npi"), weak)

    @property
    def has_strong(self) -> bool:
        return bool(self.mailbox or self.npi)


def compare(one: Identifiers, other: Identifiers) -> Verdict:
    """Return the verdict on two doctors. It does not depend on their order."""
    shares_mailbox = bool(one.mailbox) and one.mailbox == other.mailbox
    shares_npi = bool(one.npi) and one.npi == other.npi
    if one.npi and other.npi and not shares_npi:
        # Two people. A practice may share a mailbox, a phone and a ZIP code.
        return Verdict.SHARED_MAILBOX if shares_mailbox else Verdict.DIFFERENT
    if shares_mailbox or shares_npi:
        return Verdict.SAME
    if one.weak.isdisjoint(other.weak):
        return Verdict.DIFFERENT
    # Without any strong identifier, a person prints or calls anyway, and sees both.
    return Verdict.POSSIBLY_SAME if one.has_strong or other.has_strong else Verdict.SAME
