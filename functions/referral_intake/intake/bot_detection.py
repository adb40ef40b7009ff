"""What tells a robot's submission from a person's: no proof of work, no time to type, or a field that nobody sees.

None of it refuses a submission. What a robot may have sent is held until a person has looked: a patient's browser may
have no JavaScript, or may have failed at the proof.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from referral_intake.core.decisions import hold
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral
from referral_intake.core.submission import BESIDE

# How long a challenge can be used: longer than anyone fills in the form.
CHALLENGE_LASTS = timedelta(hours=1)

# The trap is a field that the page has out of sight. Whether something is in it is looked at; it is never kept.
PROOF, TRAP = BESIDE


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge of ours that was solved: what it was bound to, and when we gave it out."""

    binding: str
    given_at: datetime


def binding_of(submission_id: uuid.UUID) -> str:
    """What a challenge for this submission is bound to.

    A hash of the submission id as the receipt is, but another one: it tells neither of them.
    """
    return hashlib.sha256(f"challenge:{submission_id}".encode()).hexdigest()


def suspicion(
    sent: Mapping[str, object], submission_id: uuid.UUID, proof: Proof | None, fill_time: timedelta, now: datetime
) -> Reason | None:
    """A word for what looks like a robot, or None. `fill_time` is what a person needs at least for the form."""
    if sent.get(TRAP):
        return Reason.TRAP
    if proof is None or proof.binding != binding_of(submission_id):
        return Reason.UNPROVEN
    age = now - proof.given_at
    if age > CHALLENGE_LASTS:
        return Reason.UNPROVEN
    return Reason.TOO_FAST if age < fill_time else None


def held(referral: Referral, reason: Reason, now: datetime) -> Referral:
    """A new referral as it is stored when a person must look first."""
    move = hold(reason, now)
    return replace(referral, stage=move.stage, due_at=move.due_at, reason=move.reason)
