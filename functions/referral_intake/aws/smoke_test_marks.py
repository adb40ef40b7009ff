"""The mark of a smoke test: proof that an operator, who can read the keys, sent this submission."""

import hashlib
import hmac
import uuid

from referral_intake.aws.keys import Ring


def mark_of(key: bytes, submission_id: uuid.UUID) -> str:
    return hmac.digest(key, f"smoke test:{submission_id}".encode(), hashlib.sha256).hex()


def is_valid(ring: Ring, submission_id: uuid.UUID, mark: str) -> bool:
    """Whether one of the keys made the mark for this submission."""
    sent = mark.encode(errors="replace")
    return any(hmac.compare_digest(mark_of(key, submission_id).encode(), sent) for key in ring().keys.values())
