"""Find the stack that a command works on, deployed or local, and read its outputs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli import environments, output
from cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

# Longer timeouts than in the functions, because no visitor waits for a command.
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 6})
_LOCAL = "http://"


class NoStack(CommandError):
    """The stack does not exist, can't be read, or lacks an output that the command needs."""


@dataclass(frozen=True)
class Stack:
    """A deployed or local stack.

    `outputs` and `parameters` are those of the template. `ahead` is how far the clock of a local stack is ahead of the
    clock of the machine.
    """

    name: str
    outputs: Mapping[str, str]
    ahead: timedelta = timedelta(0)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        return self.name.startswith(_LOCAL)

    def output(self, name: str) -> str:
        """Return the value of an output. Raise NoStack if the stack lacks it."""
        if name not in self.outputs:
            raise NoStack(f"The stack {self.name} has no output {name}. Deploy the current version to it.")
        return self.outputs[name]

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return boto3.client("dynamodb", config=_CONFIG)

    @cached_property
    def sqs(self) -> "SQSClient":
        return boto3.client("sqs", config=_CONFIG)


def name_or_default(name: str | None) -> str:
    """Return the given name, or the stack name of the default environment in samconfig.toml.

    Set the AWS environment variables, so that commands use the account and region that SAM deploys to.
    """
    environment = environments.of_stack(name) if name else environments.named(environments.DEFAULT)
    if environment:
        os.environ.update(environment.aws())
    if name:
        return name
    assert environment
    output.note(f"Stack: {environment.stack}")
    return environment.stack


def select(name: str | None) -> Stack:
    """Return the named stack, or the stack of the default environment. Raise NoStack if it can't be read."""
    return find(name_or_default(name))


def find(name: str) -> Stack:
    """Return the stack with that name or local address. Raise NoStack if it can't be read."""
    return _local(name.rstrip("/")) if name.startswith(_LOCAL) else _deployed(name)


def _deployed(name: str) -> Stack:
    try:
        [found] = boto3.client("cloudformation", config=_CONFIG).describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        # For a stack that does not exist, CloudFormation returns ValidationError and explains it in the message.
        raise NoStack(f"The stack {name} can't be read: {error.response['Error'].get('Message', error)}") from error
    except BotoCoreError as error:
        raise NoStack(
            f"Can't call AWS: {error} Set AWS_PROFILE and AWS_DEFAULT_REGION, or equivalent variables."
        ) from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    parameters = {given["ParameterKey"]: given["ParameterValue"] for given in found.get("Parameters", [])}
    return Stack(name, outputs, parameters=parameters)


def _local(address: str) -> Stack:
    try:
        # Bypass any proxy, because the local stack runs on this machine.
        with build_opener(ProxyHandler({})).open(f"{address}/_local/stack.json", timeout=10) as answer:
            stack: dict[str, Any] = json.load(answer)
        environment, outputs, now = stack["environment"], stack["outputs"], datetime.fromisoformat(stack["now"])
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise NoStack(f"No local stack is running at {address}: {error}. Start it with: make run") from error
    _use_local_account(environment)
    return Stack(address, outputs, ahead=now - datetime.now(UTC))


def _use_local_account(environment: Mapping[str, str]) -> None:
    """Replace all AWS settings with those of the local stack, so that no call reaches the user's AWS account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment)
    boto3.DEFAULT_SESSION = None
