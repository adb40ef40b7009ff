"""Compares roles with calls: finds missing, unused and too wide permissions."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tests.permissions.policies import Permission, Request, Statement, allowing, is_like
from tests.permissions.recorder import RecordedRequest
from tests.permissions.roles import Roles

# Rights that no function uses itself, with reasons: by policy or statement id, and action.
USED_BY_LAMBDA = {
    ("AWSLambda*ExecutionRole", "logs:*"): "Lambda writes the logs of the function.",
    ("AWSLambdaDynamoDBExecutionRole", "dynamodb:*"): "Lambda reads the stream for the function.",
    ("AWSLambdaSQSQueueExecutionRole", "sqs:*"): "Lambda reads the queue for the function.",
    ("*FunctionQueuedSQSPolicy", "sqs:SendMessage"): "Lambda reports failed records of the stream.",
    ("*FunctionChangedSQSPolicy", "sqs:SendMessage"): "Lambda reports failed records of the stream.",
    ("AWSX*", "xray:*"): "Lambda sends the traces.",
}

# Reasons for permissions on more than one resource: by action and resource.
ALLOWED_WILDCARDS = {
    ("ses:GetAccount", "*"): "SES has no resource for this action. It reads the quota and changes nothing.",
    (
        "ses:SendEmail",
        "arn:aws:ses:*:identity/*",
    ): "In the sandbox, SES also checks the recipient's identity. A condition names the sender.",
    (
        "s3:*Object",
        "arn:aws:s3:::referral-intake-reportfiles/*",
    ): "File names are generated, and the bucket belongs to the stack.",
    ("logs:*", "*"): "AWS managed policy, which SAM attaches to every function. Logs contain no personal data.",
    ("dynamodb:ListStreams", "*"): "AWS managed policy. The action has no resource and returns names of streams.",
    ("xray:*", "*"): "AWS managed policy. X-Ray has no resource for this action.",
}


@dataclass(frozen=True, slots=True)
class RoleComparison:
    denied: list[str]
    unused: list[str]
    too_wide: list[str]


def compare_roles(roles: Roles, recorded: Collection[RecordedRequest]) -> RoleComparison:
    """The roles are correct if each list of the result is empty."""
    return RoleComparison(
        denied=sorted(str(one) for one in recorded if not allowing(roles[one.function], one.request)),
        unused=sorted(f"{function}: {permission}" for function, permission in _unused(roles, recorded)),
        too_wide=sorted(
            f"{function}: {permission}" for function, role in roles.items() for permission in _too_wide(role)
        ),
    )


def _unused(roles: Roles, recorded: Collection[RecordedRequest]) -> Iterator[tuple[str, Permission]]:
    for function, role in roles.items():
        for statement in role:
            requests = [one.request for one in recorded if one.function == function and statement.covers(one.request)]
            for permission in statement.permissions():
                is_used = any(map(permission.is_used_by, requests))
                if not is_used and not _is_listed(USED_BY_LAMBDA, permission.sid, permission.action):
                    yield function, permission


def _too_wide(role: Collection[Statement]) -> Iterator[Permission]:
    for statement in role:
        for permission in statement.permissions():
            is_accepted = _is_listed(ALLOWED_WILDCARDS, permission.action, permission.resource)
            is_wide = "*" in permission.resource and not is_accepted
            if "*" in permission.action or (is_wide and not _is_narrowed(role, permission)):
                yield permission


def _is_narrowed(role: Collection[Statement], permission: Permission) -> bool:
    """Whether another statement denies the permission outside of the stack."""
    another = Request(permission.action, permission.resource.replace("*", "of-another-stack"))
    return any(statement.effect == "Deny" and statement.covers(another) for statement in role)


def _is_listed(reasons: dict[tuple[str, str], str], *said: str) -> bool:
    return any(all(map(is_like, said, pattern)) for pattern in reasons)
