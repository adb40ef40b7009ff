"""A claim: one referral reserves one step for its doctor, so that no other referral can send it."""

from dataclasses import dataclass, field, replace
from typing import Protocol

from referral_intake.core.reasons import Closing, Reason
from referral_intake.core.referral import Referral, Stage


@dataclass(frozen=True, slots=True)
class Claim:
    """The referral, at its current revision, reserves this step for its doctor.

    `keys` are the doctor's keys in the table. `retired_keys` are the same keys, made with retired hashing keys.
    """

    referral: Referral
    step: str
    keys: tuple[str, ...]
    retired_keys: tuple[str, ...]

    @property
    def claimed_referral(self) -> Referral:
        """The referral after the claim is written."""
        return replace(self.referral, stage=Stage.SENDING, revision=self.referral.revision + 1)


@dataclass(frozen=True, slots=True)
class AlreadyClaimed:
    """Another referral, the leader, has claimed this step for the doctor: for an email, or for a letter or call."""

    leader: str
    is_reservation: bool = False


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The doctor must not get a message, because of what came `through` another referral, if it came through one."""

    reason: Closing
    through: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class MustHold:
    """A person must compare this doctor with the doctor of another referral."""

    reason: Reason
    other: str


@dataclass(frozen=True, slots=True)
class MailboxSuppressed:
    """The mailbox must not get a message. The doctor may get a letter or a call."""

    reason: Reason


Obstacle = AlreadyClaimed | Suppressed | MustHold | MailboxSuppressed


class DoctorKeys(Protocol):
    def of(self, referral: Referral) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the doctor's keys in the table: those written now, and those made with retired hashing keys."""
