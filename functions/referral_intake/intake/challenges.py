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

    def new(self, binding: str, network: str, now: datetime) -> dict[str, Any]:
        """Return a challenge, valid only for `binding` and from this network, in the format of ALTCHA's solvers."""
        keys = self._ring()
        key = keys.keys[keys.current]
        signed = {
            "binding": binding,
            "network": _network_digest(key, binding, network),
            "givenAt": int(now.timestamp() * 1000),
        }
        challenge = altcha.create_challenge(
            ALGORITHM,
            ROUNDS,
            # Choose the solution here, so that the client's work has an upper limit. It has none if any matching key
            # counts.
            counter=secrets.randbelow(self._tries),
            data=signed,
            hmac_secret=_signing_key(key),
        )
        return challenge.to_dict()

    def read(self, sent: object, network: str) -> Proof | None:
        """Return the content of a solved challenge.

        Return None if its signature or solution is invalid, or if another network requested it.
        """
        if not isinstance(sent, str):
            return None
        try:
            payload = altcha.Payload.from_base64(sent)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        # ALTCHA verifies the signature first, so an unsigned challenge costs no work.
        keys = self._ring().keys.values()
        key = next((one for one in keys if altcha.verify_solution(payload, _signing_key(one)).verified), None)
        signed = payload.challenge.parameters.data
        if key is None or not signed:
            return None
        digest = _network_digest(key, signed["binding"], network)
        # The previous version issues challenges without a network.
        if signed.get("network", digest) != digest:
            return None
        return Proof(signed["binding"], datetime.fromtimestamp(signed["givenAt"] / 1000, UTC))


def _network_digest(key: bytes, binding: str, network: str) -> str:
    """Return a digest that does not reveal the network, and is another one for each binding."""
    return hmac.digest(key, f"network:{binding}:{network}".encode(), hashlib.sha256)[:16].hex()


def _signing_key(key: bytes) -> bytes:
    """Return a key for this purpose only, so that no other hash is a valid signature of a challenge."""
    return hmac.digest(key, b"challenge", hashlib.sha256)
