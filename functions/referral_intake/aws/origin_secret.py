"""The secret header value that shows that a request came through CloudFront."""

import hmac
import os
from dataclasses import dataclass
from functools import cache

from referral_intake.aws import shared_wiring
from referral_intake.aws.secrets import Secrets
from referral_intake.core.errors import Unavailable
from referral_intake.core.settings import Settings


class OriginSecret:
    """The valid values of the secret: two during a rotation."""

    def __init__(self, secrets: Secrets, secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id
        self._last_read: tuple[bytes, ...] = ()

    def matches(self, value: str) -> bool:
        """Whether this is one of the valid values. Raise Unavailable."""
        given = value.encode(errors="replace")
        # Compare all of them, each in constant time, so that the duration reveals neither a value nor their number.
        return sum([hmac.compare_digest(given, valid) for valid in self._values()]) > 0

    def _values(self) -> tuple[bytes, ...]:
        try:
            self._last_read = self._secrets.values(self._secret_id)
        except Unavailable:
            # The last values stay valid.
            if not self._last_read:
                raise
        return self._last_read


@dataclass(frozen=True, slots=True)
class OriginSettings(Settings):
    """Settings of every function that answers HTTP requests, besides its own."""

    origin_secret: str


@cache
def origin_secret() -> OriginSecret:
    """Return the process's instance, so that the secret is read once."""
    return OriginSecret(shared_wiring.secrets(), OriginSettings.read(os.environ).origin_secret)
