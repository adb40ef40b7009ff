"""Read the data for the checks from AWS. All calls are read-only."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
_MISSING = {"NotFoundException", "NoSuchEntity", "ResourceNotFoundException"}
# The settings of a function version that the template or the build determines.
_VERSION_SETTINGS = ("CodeSha256", "Environment", "Handler", "Layers", "MemorySize", "Runtime", "Timeout")


class Ses:
    """Read the SES settings of the sender. `address` is the From address."""

    def __init__(self, address: str, client: Any = None) -> None:
        self._address = address
        self._client = client or boto3.client("sesv2", config=_CONFIG)

    @property
    def domain(self) -> str:
        return self._address.rpartition("@")[2]

    @cached_property
    def identity(self) -> Mapping[str, Any] | None:
        """The SES identity of the domain, or else of the address. None if SES has neither."""
        return next(filter(None, map(self._identity, (self.domain, self._address))), None)

    @property
    def is_address_only(self) -> bool:
        """Whether SES knows the address, but not its domain, so that it needs no DNS records."""
        return (self.identity or {}).get("IdentityType") == "EMAIL_ADDRESS"

    @cached_property
    def account(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.get_account()
        return found

    def configuration_set(self, name: str) -> Mapping[str, Any] | None:
        return self._or_none(self._client.get_configuration_set, ConfigurationSetName=name)

    def event_destinations(self, name: str) -> Sequence[Mapping[str, Any]]:
        found = self._or_none(self._client.get_configuration_set_event_destinations, ConfigurationSetName=name) or {}
        every: Sequence[Mapping[str, Any]] = found.get("EventDestinations", [])
        return every

    def mail_from(self) -> str | None:
        name: str | None = (self.identity or {}).get("MailFromAttributes", {}).get("MailFromDomain")
        return name

    def _identity(self, name: str) -> Mapping[str, Any] | None:
        return self._or_none(self._client.get_email_identity, EmailIdentity=name)

    @staticmethod
    def _or_none(ask: Any, **what: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = ask(**what)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return found


def caller() -> Mapping[str, str]:
    found: Any = boto3.client("sts", config=_CONFIG).get_caller_identity()
    identity: Mapping[str, str] = found
    return identity


def regions() -> tuple[str | None, list[str]]:
    """Return the selected region, or None, and all regions in which SES is available."""
    session = boto3.Session()
    every = [name for part in ("aws", "aws-us-gov", "aws-cn") for name in session.get_available_regions("sesv2", part)]
    return session.region_name, every


def concurrency() -> Mapping[str, int]:
    lambdas: Any = boto3.client("lambda", config=_CONFIG)
    limit: Mapping[str, int] = lambdas.get_account_settings()["AccountLimit"]
    return limit


def outdated_versions(stack: str) -> dict[str, list[str]]:
    """Return, by function name, the settings in which the alias `live` differs from the latest deployment."""
    cloudformation: Any = boto3.client("cloudformation", config=_CONFIG)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    found = [one for page in pages for one in page["StackResourceSummaries"]]
    functions = [one["PhysicalResourceId"] for one in found if one["ResourceType"] == "AWS::Lambda::Function"]
    return {name: _differing(name) for name in functions}


def _differing(function: str) -> list[str]:
    lambdas: Any = boto3.client("lambda", config=_CONFIG)
    answers = lambdas.get_function_configuration(FunctionName=function, Qualifier="live")
    deployed = lambdas.get_function_configuration(FunctionName=function)
    return [part for part in _VERSION_SETTINGS if answers.get(part) != deployed.get(part)]


def subscriptions(topic: str) -> list[Mapping[str, str]]:
    sns: Any = boto3.client("sns", config=_CONFIG)
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [one for page in pages for one in page["Subscriptions"]]


def members(pool: str, groups: Sequence[str] = ("manager", "viewer")) -> dict[str, int]:
    """Return the number of enabled users in each group."""
    cognito: Any = boto3.client("cognito-idp", config=_CONFIG)
    return {group: sum(1 for user in _in_group(cognito, pool, group) if user["Enabled"]) for group in groups}


def _in_group(cognito: Any, pool: str, group: str) -> list[dict[str, Any]]:
    pages = cognito.get_paginator("list_users_in_group").paginate(UserPoolId=pool, GroupName=group)
    return [user for page in pages for user in page["Users"]]


def stream_readers(table: str) -> list[str]:
    """Return the ARNs of the functions that read the current stream of the table."""
    stream = (
        boto3.client("dynamodb", config=_CONFIG).describe_table(TableName=table)["Table"].get("LatestStreamArn", "")
    )
    lambdas: Any = boto3.client("lambda", config=_CONFIG)
    pages = lambdas.get_paginator("list_event_source_mappings").paginate(EventSourceArn=stream) if stream else []
    found = [one for page in pages for one in page["EventSourceMappings"]]
    return [one["FunctionArn"] for one in found if one["State"] in {"Creating", "Enabling", "Enabled", "Updating"}]


def table(name: str) -> dict[str, bool]:
    """Return whether each setting is enabled that DynamoDB does not restore with a table."""
    client = boto3.client("dynamodb", config=_CONFIG)
    found = client.describe_table(TableName=name)["Table"]
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    return {
        "stream": found.get("StreamSpecification", {}).get("StreamViewType") == "NEW_AND_OLD_IMAGES",
        "expiry": expiry.get("TimeToLiveStatus") == "ENABLED" and expiry.get("AttributeName") == "expires",
        "point-in-time recovery": recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        "deletion protection": found.get("DeletionProtectionEnabled", False),
    }
