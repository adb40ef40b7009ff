"""Secrets Manager, cached for a while."""

from typing import Any

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

            self._provider = SecretsProvider()
        return Keyring.from_secret(self._provider.get(secret_id, max_age=CACHED_SECONDS, transform="json"))
