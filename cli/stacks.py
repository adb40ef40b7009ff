"""The stack that a command is about: where it is, and what it puts out."""

import argparse
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

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

# A person waits, but nobody's request does: patience is cheap here.
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 6})
_LOCAL = "http://"


class NoStack(Exception):
    """There is no such stack, or it lacks what the command needs. The message is for the person who typed its name."""


@dataclass(frozen=True)
class Stack:
    """`outputs` are those of the template. `ahead` is how far its clock is ahead of ours: a local one can be moved."""

    name: str
    outputs: Mapping[str, str]
    ahead: timedelta = timedelta(0)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        return self.name.startswith(_LOCAL)

    def output(self, name: str) -> str:
        if name not in self.outputs:
            raise NoStack(f"The stack {self.name} has no output {name}. Deploy it once more, from this version.")
        return self.outputs[name]

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return boto3.client("dynamodb", config=_CONFIG)

    @cached_property
    def sqs(self) -> "SQSClient":
        return boto3.client("sqs", config=_CONFIG)


def add_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--stack",
        required=True,
        help="the CloudFormation stack's name, for instance referral-intake-dev; or the address of a local stack that "
        "runs, for instance http://127.0.0.1:8080",
    )


def find(name: str) -> Stack:
    """Raises NoStack."""
    return _local(name.rstrip("/")) if name.startswith(_LOCAL) else _deployed(name)


def _deployed(name: str) -> Stack:
    try:
        [found] = boto3.client("cloudformation", config=_CONFIG).describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        # CloudFormation says ValidationError where there is no such stack, and why.
        raise NoStack(f"The stack {name} can't be read: {error.response['Error'].get('Message', error)}") from error
    except BotoCoreError as error:
        raise NoStack(f"AWS can't be asked: {error} Set AWS_PROFILE and AWS_REGION, or their like.") from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    parameters = {given["ParameterKey"]: given["ParameterValue"] for given in found.get("Parameters", [])}
    return Stack(name, outputs, parameters=parameters)


def _local(address: str) -> Stack:
    try:
        # Past any proxy: it is on this machine.
        with build_opener(ProxyHandler({})).open(f"{address}/_local/stack.json", timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)
        environment, outputs, now = told["environment"], told["outputs"], datetime.fromisoformat(told["now"])
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise NoStack(f"No local stack answers at {address}: {error}. Start it with: make run") from error
    _enter(environment)
    return Stack(address, outputs, ahead=now - datetime.now(UTC))


def _enter(environment: Mapping[str, str]) -> None:
    """From here on, AWS is the local stack's: nothing of the person's own account may be met by mistake."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment)
    boto3.DEFAULT_SESSION = None
