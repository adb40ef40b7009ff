"""Secrets Manager, cached for a while."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

from referral_intake.aws.keys import Keyring

# A new key must be known everywhere before it is used: rotation waits longer than this between the two.
CACHED_SECONDS = 300


# By default it would wait a minute, longer than any function here may run.
_LIMITS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class Secrets:
    def __init__(self) -> None:
        # Left to itself, it makes a session of its own: that reads botocore's data once more, on each cold start.
        self._provider = SecretsProvider(boto3_client=boto3.client("secretsmanager", config=_LIMITS))

    def keyring(self, secret_id: str) -> Keyring:
        """The keys of this secret, at most five minutes old."""
        secret: Any = self._provider.get(secret_id, max_age=CACHED_SECONDS, transform="json")
        return Keyring.from_secret(secret)

    def values(self, secret_id: str) -> tuple[bytes, ...]:
        """All values of this secret but empty ones, whatever they are called, at most five minutes old."""
        secret: Any = self._provider.get(secret_id, max_age=CACHED_SECONDS, transform="json")
        return tuple(str(value).encode() for value in secret.values() if value)
