"""`destroy`: deletes an environment's stack. What must outlive it stays, and is named."""

import argparse
import os
import sys
from collections.abc import Iterable
from typing import Any

import boto3

from cli import environments, stacks, upload
from cli.environments import Environment
from cli.stacks import Stack

_BUCKETS = "AWS::S3::Bucket"
# What is kept with the stack gone, and how one gets rid of it all the same.
_REMOVE = {
    "AWS::DynamoDB::Table": (
        "aws dynamodb update-table --table-name {id} --no-deletion-protection-enabled && "
        "aws dynamodb delete-table --table-name {id}"
    ),
    "AWS::SecretsManager::Secret": "aws secretsmanager delete-secret --recovery-window-in-days 30 --secret-id {id}",
    "AWS::Cognito::UserPool": "aws cognito-idp delete-user-pool --user-pool-id {id}",
    "AWS::SES::EmailIdentity": "aws sesv2 delete-email-identity --email-identity {id}",
    "AWS::Logs::LogGroup": "aws logs delete-log-group --log-group-name {id}",
}


def add_to(commands: Any) -> None:
    command = commands.add_parser("destroy", help="delete an environment's stack; its tables and secrets stay")
    command.add_argument("environment", help="a section of samconfig.toml: dev, staging or prod")
    command.add_argument("--yes", metavar="STACK", help="the stack's name, so that nobody is asked")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    environment = environments.named(arguments.environment)
    os.environ.update(environment.aws())
    stack = stacks.find(environment.stack)
    if not agreed(environment, arguments.yes):
        print("Nothing was deleted.", file=sys.stderr)
        return 1
    destroy(stack)
    return 0


def agreed(environment: Environment, given: str | None) -> bool:
    """A person types the stack's name: a `y` is typed too easily."""
    if given is None:
        print(f"This deletes the stack {environment.stack}: site, API and functions. No message is sent any more,")
        print("and opt-out links in messages that were sent stop working. CAN-SPAM asks that they work for 30 days.")
        print("Tables, secrets and the team's accounts stay.")
        given = _asked(f"Type {environment.stack} to go on: ")
    return given == environment.stack


def _asked(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def destroy(stack: Stack) -> None:
    cloudformation, s3 = boto3.client("cloudformation"), boto3.client("s3")
    [found] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    if found.get("EnableTerminationProtection"):
        raise SystemExit(f"{stack.name} is protected: aws cloudformation update-termination-protection lifts it.")
    # By its id: a stack that is gone has no name any more.
    which = found["StackId"]
    for bucket in _ids(_resources(cloudformation, which), _BUCKETS):
        print(f"Emptied {bucket}: {upload.empty(s3, bucket)} files.")
    cloudformation.delete_stack(StackName=which)
    print("Deleting the stack. CloudFront takes some minutes ...", flush=True)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=which)
    for line in stays(_resources(cloudformation, which)):
        print(line)


def _resources(cloudformation: Any, which: str) -> list[dict[str, str]]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=which)
    return [one for page in pages for one in page["StackResourceSummaries"]]


def _ids(resources: Iterable[dict[str, str]], kind: str) -> list[str]:
    """What was never made has no id, and what is gone needs no emptying."""
    there = (one for one in resources if one["ResourceType"] == kind and one["ResourceStatus"] != "DELETE_COMPLETE")
    return [one["PhysicalResourceId"] for one in there if one.get("PhysicalResourceId")]


def stays(resources: Iterable[dict[str, str]]) -> list[str]:
    """What CloudFormation left, line by line, each with the command that would remove it."""
    left = [one for one in resources if one["ResourceStatus"] == "DELETE_SKIPPED"]
    if not left:
        return ["The stack is gone, and nothing of it stays."]
    lines = ["The stack is gone. These stay, with opt-outs that must outlive everything else. To remove one for good:"]
    for one in left:
        how = _REMOVE.get(one["ResourceType"], "(by hand)").format(id=one["PhysicalResourceId"])
        lines += [f"  {one['LogicalResourceId']} ({one['ResourceType']})", f"    {how}"]
    return lines
