"""A claim: one referral takes one step for its doctor, so that no other referral can."""

from dataclasses import dataclass, replace
from typing import Protocol

from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Referral, Stage


@dataclass(frozen=True, slots=True)
class Claim:
    """This referral, at this revision, takes this step for its doctor.

    `keys` are the doctor's in the table, `retired_keys` the same ones made with hashing keys no longer in use.
    """

    referral: Referral
    step: str
    keys: tuple[str, ...]
    retired_keys: tuple[str, ...]

    @property
    def claimed(self) -> Referral:
        """The referral as the claim has written it."""
        return replace(self.referral, stage=Stage.SENDING, revision=self.referral.revision + 1)


@dataclass(frozen=True, slots=True)
class Taken:
    """Another referral has or had this doctor for this step."""

    leader: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The doctor is not to be written to."""

    reason: Closing


class DoctorKeys(Protocol):
    def of(self, referral: Referral) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The doctor's keys in the table: those written now, and those of retired hashing keys."""
