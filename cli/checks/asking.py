"""Asks AWS, DNS and the site what the checks decide about. Nothing here changes anything."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from http.client import HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import boto3
import dns.exception
import dns.resolver
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.checks import mail
from referral_intake.aws.secrets import Secrets
from referral_intake.aws.signed_links import Link, Links

_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
_MISSING = {"NotFoundException", "NoSuchEntity", "ResourceNotFoundException"}
_SECONDS = 10
# A doctor and a referral that nobody has. The page shows neither, and nothing is written before its button is pressed.
_NOBODY = Link(("email#preflight#0",), "", "0000-0000-0000-0000")


class Ses:
    """What SES says of the sender. `address` is its From address."""

    def __init__(self, address: str, client: Any = None) -> None:
        self._address = address
        self._client = client or boto3.client("sesv2", config=_CONFIG)

    @property
    def domain(self) -> str:
        return self._address.rpartition("@")[2]

    @cached_property
    def identity(self) -> Mapping[str, Any] | None:
        """The domain's; else that of the address alone."""
        return next(filter(None, map(self._identity, (self.domain, self._address))), None)

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


def texts(name: str) -> list[str]:
    """The TXT records at a name; none where there is no such name."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [b"".join(record.strings).decode(errors="replace") for record in answer]


def dmarc(domain: str, look: Any = texts) -> dict[str, list[str]]:
    return {name: look(f"_dmarc.{name}") for name in mail.domains(domain)}


def caller() -> Mapping[str, str]:
    found: Any = boto3.client("sts", config=_CONFIG).get_caller_identity()
    said: Mapping[str, str] = found
    return said


def regions() -> tuple[str | None, list[str]]:
    """The one that is chosen, and those that SES is in."""
    session = boto3.Session()
    every = [name for part in ("aws", "aws-us-gov", "aws-cn") for name in session.get_available_regions("sesv2", part)]
    return session.region_name, every


def concurrency() -> Mapping[str, int]:
    lambdas: Any = boto3.client("lambda", config=_CONFIG)
    limit: Mapping[str, int] = lambdas.get_account_settings()["AccountLimit"]
    return limit


# What a version of a function is made of, as far as something of ours decides it.
_OF_A_VERSION = ("CodeSha256", "Environment", "Handler", "Layers", "MemorySize", "Runtime", "Timeout")


def behind(stack: str) -> dict[str, list[str]]:
    """By function, in what the version that answers differs from what was deployed last."""
    cloudformation: Any = boto3.client("cloudformation", config=_CONFIG)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    found = [one for page in pages for one in page["StackResourceSummaries"]]
    functions = [one["PhysicalResourceId"] for one in found if one["ResourceType"] == "AWS::Lambda::Function"]
    return {name: _differing(name) for name in functions}


def _differing(function: str) -> list[str]:
    lambdas: Any = boto3.client("lambda", config=_CONFIG)
    answers = lambdas.get_function_configuration(FunctionName=function, Qualifier="live")
    deployed = lambdas.get_function_configuration(FunctionName=function)
    return [part for part in _OF_A_VERSION if answers.get(part) != deployed.get(part)]


def subscriptions(topic: str) -> list[Mapping[str, str]]:
    sns: Any = boto3.client("sns", config=_CONFIG)
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [one for page in pages for one in page["Subscriptions"]]


def members(pool: str, groups: Sequence[str] = ("manager", "viewer")) -> dict[str, int]:
    """How many people can sign in, by group."""
    cognito: Any = boto3.client("cognito-idp", config=_CONFIG)
    return {group: sum(1 for user in _in_group(cognito, pool, group) if user["Enabled"]) for group in groups}


def _in_group(cognito: Any, pool: str, group: str) -> list[dict[str, Any]]:
    pages = cognito.get_paginator("list_users_in_group").paginate(UserPoolId=pool, GroupName=group)
    return [user for page in pages for user in page["Users"]]


def opt_out(site_url: str, signing_keys: str, campaign: str) -> tuple[int, str, int]:
    """Opens the page of a link for nobody, as a mail scanner would; then the same with its signature spoiled."""
    keys = Secrets()
    links = Links(lambda: keys.keyring(signing_keys), site_url)
    link = links.opt_out(Link(_NOBODY.keys, campaign, _NOBODY.receipt))
    status, body = _get(link)
    spoiled = link[:-4] + ("AAAA" if not link.endswith("AAAA") else "BBBB")
    return status, body, _get(spoiled)[0]


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _get(url: str) -> tuple[int, str]:
    # Past a proxy only where it is on this machine: many a company has one to the outside.
    local = [ProxyHandler({})] if urlsplit(url).hostname in {"127.0.0.1", "localhost"} else []
    request = Request(url, headers={"Accept": "text/html", "User-Agent": "referral-intake preflight"})  # noqa: S310
    try:
        with build_opener(_NoRedirects, *local).open(request, timeout=_SECONDS) as answer:
            return _read(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read(100_000).decode(errors="replace")


def _read(answer: HTTPResponse) -> tuple[int, str]:
    return answer.status, answer.read(100_000).decode(errors="replace")


def table(name: str) -> dict[str, bool]:
    """Of what a restored table has not by itself, whether it is set."""
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
