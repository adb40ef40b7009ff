"""Protection of a stack against deletion. A template can't set it."""

from typing import TYPE_CHECKING

import boto3

from cli.environments import Environment

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# The environments whose stacks have data that must not be lost.
_PROTECTED = frozenset({"prod"})


def protect(environment: Environment, client: "CloudFormationClient | None" = None) -> bool:
    """Protect the stack of `prod`, and return whether it is protected. Nested stacks are protected with it.

    `destroy` says how to remove the protection. The call can be repeated.
    """
    if environment.name not in _PROTECTED:
        return False
    (client or boto3.client("cloudformation")).update_termination_protection(
        StackName=environment.stack, EnableTerminationProtection=True
    )
    return True
