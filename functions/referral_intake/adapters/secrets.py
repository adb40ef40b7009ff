"""Secrets Manager, cached for a while."""

from typing import Any

from botocore.config import Config

from referral_intake.adapters.keys import Keyring

# A new key must be known everywhere before it is used: rotation waits longer than this between the two.
CACHED_SECONDS = 300


class Secrets:
    def __init__(self) -> None:
        self._provider: Any = None

    def keyring(self, secret_id: str) -> Keyring:
        """The keys of this secret, at most five minutes old."""
        if self._provider is None:
            # Imported at the first use: most submissions need no secret.
            from aws_lambda_powertools.utilities.parameters import SecretsProvider

            # By default it would wait a minute, longer than any function here may run.
            limits = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
            self._provider = SecretsProvider(boto_config=limits)
        return Keyring.from_secret(self._provider.get(secret_id, max_age=CACHED_SECONDS, transform="json"))
