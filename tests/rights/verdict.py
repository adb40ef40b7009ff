"""Compares roles with calls: missing rights, and rights that no function uses."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tests.rights.policies import Ask, Right, Statement, allowing, is_like
from tests.rights.recorder import Seen
from tests.rights.roles import Roles

# Rights that no function uses itself, with reasons: by policy or statement id, and action.
FOR_LAMBDA = {
    ("AWSLambda*ExecutionRole", "logs:*"): "Lambda writes the logs of the function.",
    ("AWSLambdaDynamoDBExecutionRole", "dynamodb:*"): "Lambda reads the stream for the function.",
    ("AWSLambdaSQSQueueExecutionRole", "sqs:*"): "Lambda reads the queue for the function.",
    ("*FunctionQueuedSQSPolicy", "sqs:SendMessage"): "Lambda reports failed records of the stream.",
    ("*FunctionChangedSQSPolicy", "sqs:SendMessage"): "Lambda reports failed records of the stream.",
    ("AWSX*", "xray:*"): "Lambda sends the traces.",
}

# Reasons for rights on more than one resource: by action and resource.
FOR_MANY = {
    ("ses:GetAccount", "*"): "SES has no resource for this action. It reads the quota and changes nothing.",
    (
        "s3:*Object",
        "arn:aws:s3:::referral-intake-reportfiles/*",
    ): "File names are generated, and the bucket belongs to the stack.",
    ("logs:*", "*"): "AWS managed policy, which SAM attaches to every function. Logs contain no personal data.",
    ("dynamodb:ListStreams", "*"): "AWS managed policy. The action has no resource and returns names of streams.",
    ("xray:*", "*"): "AWS managed policy. X-Ray has no resource for this action.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    denied: list[str]
    unused: list[str]
    too_wide: list[str]


def verdict(roles: Roles, seen: Collection[Seen]) -> Verdict:
    """The roles are correct if each list of the result is empty."""
    return Verdict(
        denied=sorted(str(one) for one in seen if not allowing(roles[one.function], one.ask)),
        unused=sorted(f"{function}: {right}" for function, right in _unused(roles, seen)),
        too_wide=sorted(f"{function}: {right}" for function, role in roles.items() for right in _too_wide(role)),
    )


def _unused(roles: Roles, seen: Collection[Seen]) -> Iterator[tuple[str, Right]]:
    for function, role in roles.items():
        for statement in role:
            asked = [one.ask for one in seen if one.function == function and statement.covers(one.ask)]
            for right in statement.rights():
                if not _is_listed(FOR_LAMBDA, right.sid, right.action) and not any(map(right.is_used_by, asked)):
                    yield function, right


def _too_wide(role: Collection[Statement]) -> Iterator[Right]:
    for statement in role:
        for right in statement.rights():
            is_for_many = "*" in right.resource and not _is_listed(FOR_MANY, right.action, right.resource)
            if "*" in right.action or (is_for_many and not _is_narrowed(role, right)):
                yield right


def _is_narrowed(role: Collection[Statement], right: Right) -> bool:
    """Whether another statement denies the right outside of the stack."""
    another = Ask(right.action, right.resource.replace("*", "of-somebody-else"))
    return any(statement.effect == "Deny" and statement.covers(another) for statement in role)


def _is_listed(reasons: dict[tuple[str, str], str], *said: str) -> bool:
    return any(all(map(is_like, said, pattern)) for pattern in reasons)
