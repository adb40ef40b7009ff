"""Read secrets from Secrets Manager, with a cache."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.config import Config

from referral_intake.aws.keys import Keyring
from referral_intake.core.errors import Unavailable

# Every process must know a new key before it is used, so rotation waits longer than this in between.
CACHED_SECONDS = 300


# botocore's default timeouts are 60 s, longer than the timeout of a function that answers requests.
_LIMITS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class Secrets:
    def __init__(self) -> None:
        # Without a client, the provider creates its own session, which loads botocore's data again on each cold start.
        self._provider = SecretsProvider(boto3_client=boto3.client("secretsmanager", config=_LIMITS))

    def keyring(self, secret_id: str) -> Keyring:
        """Return the keys in this secret, at most five minutes old. Raise Unavailable."""
        return Keyring.from_secret(self._read(secret_id))

    def values(self, secret_id: str) -> tuple[bytes, ...]:
        """Return all non-empty values in this secret, at most five minutes old. Raise Unavailable."""
        return tuple(str(value).encode() for value in self._read(secret_id).values() if value)

    def _read(self, secret_id: str) -> Any:
        try:
            return self._provider.get(secret_id, max_age=CACHED_SECONDS, transform="json")
        except (GetParameterError, TransformParameterError) as error:
            # Secrets Manager does not answer, or a person stored invalid JSON.
            raise Unavailable("secrets") from error
