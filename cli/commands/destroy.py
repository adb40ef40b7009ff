"""`destroy`: delete the stack of an environment, and list the resources that are retained."""

import os
from collections.abc import Iterable
from typing import Annotated, Any

import boto3
import typer

from cli import environments, options, site_alarm, stacks, web_acl
from cli.environments import Environment
from cli.errors import CommandError
from cli.site import upload
from cli.stacks import Stack

_BUCKETS = "AWS::S3::Bucket"
# The types of retained resources, each with the command that deletes such a resource.
_REMOVE = {
    "AWS::DynamoDB::Table": (
        "aws dynamodb update-table --table-name {id} --no-deletion-protection-enabled && "
        "aws dynamodb delete-table --table-name {id}"
    ),
    "AWS::SecretsManager::Secret": "aws secretsmanager delete-secret --recovery-window-in-days 30 --secret-id {id}",
    "AWS::Cognito::UserPool": (
        "aws cognito-idp update-user-pool --user-pool-id {id} --deletion-protection INACTIVE && "
        "aws cognito-idp delete-user-pool --user-pool-id {id}"
    ),
    "AWS::SES::EmailIdentity": "aws sesv2 delete-email-identity --email-identity {id}",
    "AWS::Logs::LogGroup": "aws logs delete-log-group --log-group-name {id}",
}


def command(
    environment: options.EnvironmentName,
    yes: Annotated[
        str | None, typer.Option(metavar="STACK", help="Name of the stack, to confirm without being asked.")
    ] = None,
) -> int:
    """Delete the stack of an environment, but retain its tables and secrets.

    Asks for the name of the stack to confirm. Lists the retained resources, each with the command that deletes it.
    """
    target = environments.named(environment)
    os.environ.update(target.aws())
    stack = stacks.find(target.stack)
    if not is_confirmed(target, yes):
        raise CommandError("Nothing was deleted.")
    destroy(stack)
    for is_wanted, name in (
        (web_acl.is_wanted(target), web_acl.stack_name(target)),
        (site_alarm.is_wanted(target), site_alarm.stack_name(target)),
    ):
        if is_wanted:
            delete = f"aws cloudformation delete-stack --region {web_acl.REGION} --stack-name {name}"
            print(f"This stack remains, and costs money: {delete}")
    return 0


def is_confirmed(environment: Environment, given: str | None) -> bool:
    """Return whether the user confirmed by the name of the stack, because "y" is too easy to type by mistake.

    Ask the user if no name is given.
    """
    if given is None:
        print(
            f"This command deletes the stack {environment.stack}: site, API and functions. No more messages are sent,"
        )
        print("and opt-out links in sent messages stop working. CAN-SPAM requires that they work for 30 days.")
        print("Tables, secrets and the team's accounts are retained.")
        given = _asked(f"Type {environment.stack} to continue: ")
    return given == environment.stack


def _asked(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def destroy(stack: Stack) -> None:
    """Empty the buckets, delete the stack, wait for its end, and print the retained resources.

    Raise CommandError if the stack has termination protection.
    """
    cloudformation, s3 = boto3.client("cloudformation"), boto3.client("s3")
    [found] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    if found.get("EnableTerminationProtection"):
        remove = "aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name"
        raise CommandError(f"{stack.name} has termination protection. Remove it first: {remove} {stack.name}")
    # Use the stack id, because CloudFormation does not find a deleted stack by its name.
    which = found["StackId"]
    for bucket in _ids(_resources(cloudformation, which), _BUCKETS):
        print(f"Emptied {bucket}: {upload.empty(s3, bucket)} files.")
    cloudformation.delete_stack(StackName=which)
    print("Deleting the stack. CloudFront takes some minutes ...", flush=True)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=which)
    for line in retained_resources(_resources(cloudformation, which)):
        print(line)


def _resources(cloudformation: Any, which: str) -> list[dict[str, str]]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=which)
    return [one for page in pages for one in page["StackResourceSummaries"]]


def _ids(resources: Iterable[dict[str, str]], kind: str) -> list[str]:
    """Return the physical ids of the existing resources of a type. Resources that were never created have no id."""
    there = (one for one in resources if one["ResourceType"] == kind and one["ResourceStatus"] != "DELETE_COMPLETE")
    return [one["PhysicalResourceId"] for one in there if one.get("PhysicalResourceId")]


def retained_resources(resources: Iterable[dict[str, str]]) -> list[str]:
    """Return lines that name the resources that CloudFormation retained, each with the command that deletes it."""
    left = [one for one in resources if one["ResourceStatus"] == "DELETE_SKIPPED"]
    if not left:
        return ["The stack is deleted. No resources remain."]
    lines = ["The stack is deleted. These resources remain, because opt-outs must be kept. To delete one permanently:"]
    for one in left:
        how = _REMOVE.get(one["ResourceType"], "(by hand)").format(id=one["PhysicalResourceId"])
        lines += [f"  {one['LogicalResourceId']} ({one['ResourceType']})", f"    {how}"]
    return lines
