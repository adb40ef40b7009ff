"""os.environ as Lambda would set it, for as long as the stack runs."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3

from samlocal.template.intrinsics import TemplateError
from samlocal.template.model import REGION, Function

SERVICES = (
    "COGNITO_IDENTITY_PROVIDER",
    "DYNAMODB",
    "DYNAMODB_STREAMS",
    "EVENTBRIDGE",
    "SQS",
    "SECRETS_MANAGER",
    "SESV2",
)
PREFIX = "AWS_ENDPOINT_URL_"


@contextmanager
def isolated(own_aws: str, doors: Mapping[str, str]) -> Iterator[None]:
    """Handlers meet only the local stack: no profile, no credentials, no configuration of the developer's own.

    `doors` holds the addresses of the services that the stack plays itself; the others are at `own_aws`.
    An AWS_ENDPOINT_URL_* that the developer set stays, so another engine can be put underneath.
    """
    saved, session = dict(os.environ), boto3.DEFAULT_SESSION
    for name in list(os.environ):
        if name.startswith("AWS_") and not name.startswith(PREFIX):
            del os.environ[name]
    os.environ.update(_aws(own_aws, doors))
    # It may hold the developer's credentials, or another stack's.
    boto3.DEFAULT_SESSION = None
    # A session's first client isn't made safely by two threads at once, and functions start at the same time here.
    boto3.client("dynamodb")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
        boto3.DEFAULT_SESSION = session


def of_others() -> dict[str, str]:
    """With these variables, another process on this machine meets the same AWS."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_") or name.upper() == "NO_PROXY"}


def _aws(own_aws: str, doors: Mapping[str, str]) -> dict[str, str]:
    endpoints = {f"{PREFIX}{service}": doors.get(service, own_aws) for service in SERVICES}
    given = {name: url for name, url in os.environ.items() if name.startswith(PREFIX) and url}
    # A table's stream is where the table is.
    if f"{PREFIX}DYNAMODB" in given:
        endpoints[f"{PREFIX}DYNAMODB_STREAMS"] = given[f"{PREFIX}DYNAMODB"]
    return {
        # Every other service too: nothing may reach AWS from here.
        "AWS_ENDPOINT_URL": own_aws,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **endpoints,
        **given,
    }


def of_functions(functions: Mapping[str, Function]) -> dict[str, str]:
    """One process stands for all functions, so a variable can have one value only; raises TemplateError."""
    union: dict[str, tuple[str, str]] = {}
    for name, function in functions.items():
        for variable, value in function.environment.items():
            other, known = union.setdefault(variable, (name, value))
            if known != value:
                raise TemplateError(f"{variable} is {known!r} in {other} and {value!r} in {name}; locally they share")
    return {variable: value for variable, (_, value) in union.items()}
