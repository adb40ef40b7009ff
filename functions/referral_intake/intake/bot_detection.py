"""Detect submissions by bots: from another site, without proof of work, too fast, or with a value in a hidden field.

Such a submission is not refused but held for a person's review, because a patient's browser may lack JavaScript or fail
at the proof.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from referral_intake.core.decisions import hold
from referral_intake.core.reasons import Reason
from referral_intake.core.referral import Referral
from referral_intake.core.submission import BOT_DETECTION_FIELDS

# How long a challenge is valid: longer than a person needs for the form.
CHALLENGE_LIFETIME = timedelta(hours=1)

# The trap is a field that the page hides. Only its presence is checked, and its value is not stored.
PROOF, HONEYPOT = BOT_DETECTION_FIELDS


@dataclass(frozen=True, slots=True)
class Proof:
    """A solved challenge with a valid signature: its binding, and when it was issued."""

    binding: str
    issued_at: datetime


def binding_of(submission_id: uuid.UUID) -> str:
    """Return the binding of a challenge for this submission.

    It is a hash of the submission id, like the receipt, but a different one, so that it reveals neither.
    """
    return hashlib.sha256(f"challenge:{submission_id}".encode()).hexdigest()


def is_cross_site(headers: Mapping[str, str], site_url: str) -> bool:
    """Whether a page of another site sent the request, so that its visitors' browsers could send many.

    A program that is not a browser sends none of these headers.
    """
    # Older browsers send only Origin.
    if fetch_site := headers.get("sec-fetch-site"):
        return fetch_site == "cross-site"
    return headers.get("origin", site_url) != site_url


def bot_reason(
    sent: Mapping[str, object], submission_id: uuid.UUID, proof: Proof | None, fill_time: timedelta, now: datetime
) -> Reason | None:
    """Return why the submission may be by a bot, or None. `fill_time` is the least time a person needs for the form."""
    if sent.get(HONEYPOT):
        return Reason.HONEYPOT
    if proof is None or proof.binding != binding_of(submission_id):
        return Reason.NO_PROOF_OF_WORK
    age = now - proof.issued_at
    if age > CHALLENGE_LIFETIME:
        return Reason.NO_PROOF_OF_WORK
    return Reason.TOO_FAST if age < fill_time else None


def hold_for_review(referral: Referral, reason: Reason, now: datetime, group: str | None = None) -> Referral:
    """Return the new referral, held for a person's review, with this group."""
    move = hold(reason, now)
    return replace(referral, stage=move.stage, due_at=move.due_at, reason=move.reason, group=group)
