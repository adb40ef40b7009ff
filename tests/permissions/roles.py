"""The role of each deployed function: the statements of the template, and those that SAM adds."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from samlocal.template import references
from samlocal.template.intrinsics import Resolver
from tests.engines.sam import transformed
from tests.permissions.policies import Statement, statements

Roles = Mapping[str, list[Statement]]
"""By the function's logical id."""


def roles(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Roles:
    """`template` is plain data."""
    return roles_of(transformed(template, parameters)["Resources"], template, parameters)


def roles_of(resources: Mapping[str, Any], template: Mapping[str, Any], parameters: Mapping[str, str]) -> Roles:
    """Takes resources that SAM has already transformed, since that takes a second."""
    values = references.pseudo_parameters("referral-intake") | references.parameters(template["Parameters"], parameters)
    # Names of resources in the local stack, which tests use.
    names = references.of_resources(
        template["Resources"], values, references.Places("referral-intake", "https://sqs.example", "")
    )
    resolver = Resolver({**values, **names}, template.get("Conditions"))
    return {
        name: _statements(resources[resource["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"], resolver)
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def _statements(role: Mapping[str, Any], resolver: Resolver) -> list[Statement]:
    assert "PermissionsBoundary" not in role, "this evaluator does not support one"
    own = [
        (policy["PolicyName"], resolver.resolve(policy["PolicyDocument"], policy["PolicyName"]))
        for policy in role.get("Policies", [])
    ]
    of_aws = [(name, _managed()[name]["Document"]) for name in map(_name, role.get("ManagedPolicyArns", []))]
    return [statement for name, document in (*own, *of_aws) for statement in statements(document, name)]


def _name(arn: Any) -> str:
    # SAM writes ARNs with the partition, as text or as a substitution.
    text = arn if isinstance(arn, str) else json.dumps(arn)
    return text.rpartition("/")[2].rstrip('"}]')


@cache
def _managed() -> dict[str, Any]:
    """AWS managed policies, as stored in moto."""
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found
