"""Set os.environ as Lambda does, while the stack runs."""

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
def isolated(own_aws: str, own_endpoints: Mapping[str, str]) -> Iterator[None]:
    """Remove the developer's AWS profile, credentials and configuration, so that handlers reach only the local stack.

    `own_endpoints` has the URLs of the services that the stack implements itself. All other services are at `own_aws`.
    An AWS_ENDPOINT_URL_* that the developer set stays, so that another engine can be used, such as DynamoDB Local.
    """
    saved, session = dict(os.environ), boto3.DEFAULT_SESSION
    for name in list(os.environ):
        if name.startswith("AWS_") and not name.startswith(PREFIX):
            del os.environ[name]
    os.environ.update(_aws(own_aws, own_endpoints))
    # The default session may contain credentials of the developer or of another stack.
    boto3.DEFAULT_SESSION = None
    # Creating the first client of a session is not thread-safe, and here several functions start at the same time.
    boto3.client("dynamodb")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
        boto3.DEFAULT_SESSION = session


def of_external_functions() -> dict[str, str]:
    """Return the variables with which another process on this machine uses the same AWS endpoints."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_") or name.upper() == "NO_PROXY"}


def _aws(own_aws: str, own_endpoints: Mapping[str, str]) -> dict[str, str]:
    endpoints = {f"{PREFIX}{service}": own_endpoints.get(service, own_aws) for service in SERVICES}
    given = {name: url for name, url in os.environ.items() if name.startswith(PREFIX) and url}
    # The stream of a table is served by the engine that has the table.
    if f"{PREFIX}DYNAMODB" in given:
        endpoints[f"{PREFIX}DYNAMODB_STREAMS"] = given[f"{PREFIX}DYNAMODB"]
    return {
        # The default for all other services, so that no call reaches AWS.
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
    """Return the environment variables of all functions.

    All functions run in one process. Raise TemplateError if a variable has different values in two functions.
    """
    union: dict[str, tuple[str, str]] = {}
    for name, function in functions.items():
        for variable, value in function.environment.items():
            other, known = union.setdefault(variable, (name, value))
            if known != value:
                raise TemplateError(
                    f"{variable} is {known!r} in {other} and {value!r} in {name}, but locally all functions share it"
                )
    return {variable: value for variable, (_, value) in union.items()}
