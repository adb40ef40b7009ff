"""Create the resources of the template in the AWS emulator, and provide clients for it."""

import json
import secrets
import string
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from samlocal.aws.tables import Tables
from samlocal.aws.user_pool_members import Users
from samlocal.template.model import Queue, Secret, Template

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

_CONFIG = Config(connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


class Cloud:
    """Clients and resources of the AWS emulator. `embedded` is the URL of the moto server in this process."""

    def __init__(self, embedded: str) -> None:
        self._embedded = embedded
        self._session = boto3.Session()
        self.stream_arns: dict[str, str] = {}
        self.queue_urls: dict[str, str] = {}

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self._session.client("dynamodb", config=_CONFIG)

    @cached_property
    def streams(self) -> "DynamoDBStreamsClient":
        return self._session.client("dynamodbstreams", config=_CONFIG)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self._session.client("sqs", config=_CONFIG)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return self._session.client("secretsmanager", config=_CONFIG)

    @cached_property
    def cognito(self) -> "CognitoIdentityProviderClient":
        return self._session.client("cognito-idp", config=_CONFIG)

    @cached_property
    def users(self) -> Users:
        return Users(self.cognito)

    @cached_property
    def s3(self) -> "S3Client":
        return self._session.client("s3", config=_CONFIG)

    def is_embedded(self, client: "DynamoDBStreamsClient | SQSClient") -> bool:
        """Return whether the client calls the embedded moto, which signals its writes, so polling is not needed."""
        return client.meta.endpoint_url == self._embedded

    def make(self, template: Template) -> None:
        """Create the resources that do not exist yet. Another engine may have them from an earlier run.

        Raise UnsupportedEngine if the engine of the tables lacks an operation.
        """
        tables = Tables(self.dynamodb, self.streams)
        for table in template.tables.values():
            if arn := tables.make(table):
                self.stream_arns[table.logical_id] = arn
        # A dead-letter queue must exist before the queue that uses it.
        for queue in sorted(template.queues.values(), key=lambda queue: queue.dead_letters is not None):
            self._make_queue(queue)
        for secret in template.secrets.values():
            self._make_secret(secret)
        for pool in template.pools:
            self.users.make(pool)
        for bucket in template.buckets:
            with suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):
                self.s3.create_bucket(Bucket=bucket)

    def _make_queue(self, queue: Queue) -> None:
        if queue.logical_id not in self.queue_urls:
            created = self.sqs.create_queue(QueueName=queue.name, Attributes=dict(queue.attributes))  # type: ignore[arg-type]
            self.queue_urls[queue.logical_id] = created["QueueUrl"]

    def secret_text(self, secret_id: str) -> str:
        return self.secrets.get_secret_value(SecretId=secret_id)["SecretString"]

    def _make_secret(self, secret: Secret) -> None:
        text = secret.text if secret.text is not None else generated(secret.generate or {})
        with suppress(self.secrets.exceptions.ResourceExistsException):
            self.secrets.create_secret(Name=secret.name, SecretString=text)


def generated(wanted: Mapping[str, Any]) -> str:
    """Return a random secret, as `GenerateSecretString` of the resource specifies."""
    characters = "".join(
        kind
        for kind, excluded in (
            (string.ascii_lowercase, wanted.get("ExcludeLowercase")),
            (string.ascii_uppercase, wanted.get("ExcludeUppercase")),
            (string.digits, wanted.get("ExcludeNumbers")),
            (string.punctuation, wanted.get("ExcludePunctuation")),
        )
        if not excluded
    )
    allowed = [character for character in characters if character not in wanted.get("ExcludeCharacters", "")]
    password = "".join(secrets.choice(allowed) for _ in range(int(wanted.get("PasswordLength", 32))))
    if "GenerateStringKey" not in wanted:
        return password
    return json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: password})
