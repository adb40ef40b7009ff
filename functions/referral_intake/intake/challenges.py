"""ALTCHA's proof of work: issue signed challenges without storing them, and verify their solutions.

A client tries, on average, half of `tries` keys. Each costs `ROUNDS` rounds of PBKDF2. The server computes one key for
each challenge and one for each solution.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

import altcha

from referral_intake.aws.keys import Ring
from referral_intake.intake.bot_detection import Proof

# Browsers have it built in. A native program is still several times faster: docs/abuse.md.
ALGORITHM = "PBKDF2/SHA-256"
ROUNDS = 5000


class Challenges:
    """`tries` is the maximum number of keys that a browser has to try."""

    def __init__(self, ring: Ring, tries: int) -> None:
        self._ring = ring
        self._tries = tries

    def new(self, binding: str, now: datetime) -> dict[str, Any]:
        """Return a challenge that is valid only for `binding`, in the format of ALTCHA's solvers."""
        keys = self._ring()
        challenge = altcha.create_challenge(
            ALGORITHM,
            ROUNDS,
            # Choose the solution here, so that the client's work has an upper limit. It has none if any matching key
            # counts.
            counter=secrets.randbelow(self._tries),
            data={"binding": binding, "givenAt": int(now.timestamp() * 1000)},
            hmac_secret=_signing_key(keys.keys[keys.current]),
        )
        return challenge.to_dict()

    def read(self, sent: object) -> Proof | None:
        """Return the content of a solved challenge, or None if its signature or solution is invalid."""
        if not isinstance(sent, str):
            return None
        try:
            payload = altcha.Payload.from_base64(sent)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        # ALTCHA verifies the signature first, so an unsigned challenge costs no work.
        if not any(altcha.verify_solution(payload, _signing_key(key)).verified for key in self._ring().keys.values()):
            return None
        signed = payload.challenge.parameters.data or {}
        return Proof(signed["binding"], datetime.fromtimestamp(signed["givenAt"] / 1000, UTC))


def _signing_key(key: bytes) -> bytes:
    """Return a key for this purpose only, so that no other hash is a valid signature of a challenge."""
    return hmac.digest(key, b"challenge", hashlib.sha256)
