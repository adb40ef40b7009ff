"""The secret header value that shows that a request came through CloudFront."""

import hmac
import os
from dataclasses import dataclass
from functools import cache

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError

from referral_intake.aws import shared_wiring
from referral_intake.aws.secrets import Secrets
from referral_intake.core.errors import Unavailable
from referral_intake.core.settings import Settings


class OriginSecret:
    """The values of the secret that are valid now: two while they rotate."""

    def __init__(self, secrets: Secrets, secret_id: str) -> None:
        self._secrets = secrets
        self._secret_id = secret_id
        self._last_read: tuple[bytes, ...] = ()

    def matches(self, value: str) -> bool:
        """Whether this is one of the valid values. Raises Unavailable."""
        given = value.encode(errors="replace")
        # Compare all of them, each in constant time: the time taken tells neither a value nor how many there are.
        return sum([hmac.compare_digest(given, valid) for valid in self._values()]) > 0

    def _values(self) -> tuple[bytes, ...]:
        try:
            self._last_read = self._secrets.values(self._secret_id)
        except (GetParameterError, TransformParameterError) as error:
            # While Secrets Manager does not answer, or holds broken JSON, the values read before stay valid.
            if not self._last_read:
                raise Unavailable("secrets") from error
        return self._last_read


@dataclass(frozen=True, slots=True)
class OriginSettings(Settings):
    """Of every function that answers requests, besides its own settings."""

    origin_secret: str


@cache
def origin_secret() -> OriginSecret:
    """The process's instance, so that the secret is read once."""
    return OriginSecret(shared_wiring.secrets(), OriginSettings.read(os.environ).origin_secret)
