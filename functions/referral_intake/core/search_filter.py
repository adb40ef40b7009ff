"""Looking for referrals: what is looked for, and whether a referral is it."""

from dataclasses import dataclass
from datetime import UTC, date

from referral_intake.core.contact import email_identity
from referral_intake.core.counting import NO_STATE
from referral_intake.core.doctor import name_words
from referral_intake.core.referral import Referral, Stage
from referral_intake.core.specialties import counted_as

SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """Referrals of one campaign. What is None or empty is left open.

    `first` and `last` are days in UTC, both included. `specialty` is one of SPECIALTIES, `state` a code or NO_STATE.
    Each of `words` must begin a word of the doctor's name. `email` is an identity, as `email_identity` makes it.
    """

    campaign: str
    first: date | None = None
    last: date | None = None
    stage: Stage | None = None
    reason: str | None = None
    state: str | None = None
    specialty: str | None = None
    words: tuple[str, ...] = ()
    email: str | None = None
    npi: str | None = None

    @property
    def is_filtered(self) -> bool:
        return any((self.stage, self.reason, self.state, self.specialty, self.words))

    def fits(self, referral: Referral) -> bool:
        return self._fits_facts(referral) and self._fits_doctor(referral)

    def _fits_facts(self, referral: Referral) -> bool:
        day = referral.submitted_at.astimezone(UTC).date()
        return (
            referral.campaign == self.campaign
            and (self.first or day) <= day <= (self.last or day)
            and self.stage in {None, referral.stage}
            and self.reason in {None, referral.reason}
        )

    def _fits_doctor(self, referral: Referral) -> bool:
        doctor = referral.doctor
        names = name_words(doctor.name)
        return (
            self.state in {None, doctor.address.state or NO_STATE}
            and self.specialty in {None, counted_as(doctor.specialty)}
            and all(any(name.startswith(word) for name in names) for word in self.words)
            and self.email in {None, doctor.email and email_identity(doctor.email)}
            and self.npi in {None, doctor.npi}
        )


def search_words(typed: str) -> tuple[str, ...]:
    """Beginnings of names as a person types them. None where there are too few letters to look for."""
    words = tuple(name_words(typed))
    return words if sum(map(len, words)) >= SHORTEST_NAME else ()
