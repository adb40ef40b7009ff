"""ALTCHA's proof of work: challenges that we sign and remember nowhere, and their solutions.

Whoever solves one has tried, on average, half of `tries` keys, each of which costs them `ROUNDS` rounds of PBKDF2; we
make one at each end.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

import altcha

from referral_intake.aws.keys import Ring
from referral_intake.intake.bot_detection import Proof

# Browsers have it built in, so that an attacker's program is not much faster than a patient's phone.
ALGORITHM = "PBKDF2/SHA-256"
ROUNDS = 5000


class Challenges:
    """`tries` is how many keys a browser has to try at most."""

    def __init__(self, ring: Ring, tries: int) -> None:
        self._ring = ring
        self._tries = tries

    def new(self, binding: str, now: datetime) -> dict[str, Any]:
        """A challenge that counts for what `binding` names, as ALTCHA's solvers take it."""
        keys = self._ring()
        challenge = altcha.create_challenge(
            ALGORITHM,
            ROUNDS,
            # The solution is drawn here: the work has an upper end, which it has not where any lucky key will do.
            counter=secrets.randbelow(self._tries),
            data={"binding": binding, "givenAt": int(now.timestamp() * 1000)},
            hmac_secret=_signing_key(keys.keys[keys.current]),
        )
        return challenge.to_dict()

    def read(self, sent: object) -> Proof | None:
        """What a solved challenge says, or None where we did not give it out or it is not solved."""
        if not isinstance(sent, str):
            return None
        try:
            payload = altcha.Payload.from_base64(sent)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        # The signature is looked at first, so what we did not sign costs no work.
        if not any(altcha.verify_solution(payload, _signing_key(key)).verified for key in self._ring().keys.values()):
            return None
        signed = payload.challenge.parameters.data or {}
        return Proof(signed["binding"], datetime.fromtimestamp(signed["givenAt"] / 1000, UTC))


def _signing_key(key: bytes) -> bytes:
    """A key for this purpose alone: nothing that is hashed elsewhere can pass for a challenge's signature."""
    return hmac.digest(key, b"challenge", hashlib.sha256)
