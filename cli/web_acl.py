"""The web ACL of an environment, which limits the requests per network address. It is a stack of its own.

CloudFront takes a web ACL only from us-east-1, whichever region the main stack is in.
"""

from pathlib import Path

import boto3

from cli.environments import Environment

TEMPLATE = Path("infra/waf.yaml")
REGION = "us-east-1"
PARAMETER = "WebAclArn"
WITHOUT = """\
There is no web ACL: one network address can use up the request rate of the form and the dashboard for all others. The
links of doctors have limits of their own."""


def is_wanted(environment: Environment) -> bool:
    """Return whether deployments create the web ACL. An environment with an ARN in samconfig.toml has its own."""
    return environment.name == "prod" and PARAMETER not in environment.parameters


def stack_name(environment: Environment) -> str:
    return f"{environment.stack}-web-acl"


def arn(environment: Environment) -> str:
    """Return the ARN of the deployed web ACL."""
    client = boto3.client("cloudformation", region_name=REGION)
    [stack] = client.describe_stacks(StackName=stack_name(environment))["Stacks"]
    return next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == PARAMETER)
