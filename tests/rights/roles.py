"""The role that each function has once the template is deployed: what the template says, and what SAM adds to it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from samlocal.template import references
from samlocal.template.intrinsics import Resolver
from tests.engines.sam import transformed
from tests.rights.policies import Statement, statements

Roles = Mapping[str, list[Statement]]
"""By the function's logical id."""


def roles(template: Mapping[str, Any], parameters: Mapping[str, str]) -> Roles:
    """`template` is plain data."""
    return roles_of(transformed(template, parameters)["Resources"], template, parameters)


def roles_of(resources: Mapping[str, Any], template: Mapping[str, Any], parameters: Mapping[str, str]) -> Roles:
    """Of what SAM has made of the template's resources: that takes it a second."""
    known = references.pseudo_parameters("referral-intake") | references.parameters(template["Parameters"], parameters)
    # The names that the local stack gives to things: tests call them so.
    names = references.of_resources(
        template["Resources"], known, references.Places("referral-intake", "https://sqs.example", "")
    )
    resolver = Resolver({**known, **names})
    return {
        name: _statements(resources[resource["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"], resolver)
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def _statements(role: Mapping[str, Any], resolver: Resolver) -> list[Statement]:
    assert "PermissionsBoundary" not in role, "nothing here looks at one"
    own = [
        (policy["PolicyName"], resolver.resolve(policy["PolicyDocument"], policy["PolicyName"]))
        for policy in role.get("Policies", [])
    ]
    of_aws = [(name, _managed()[name]["Document"]) for name in map(_name, role.get("ManagedPolicyArns", []))]
    return [statement for name, document in (*own, *of_aws) for statement in statements(document, name)]


def _name(arn: Any) -> str:
    # SAM writes them with the partition's name: a text, or one to be filled in.
    text = arn if isinstance(arn, str) else json.dumps(arn)
    return text.rpartition("/")[2].rstrip('"}]')


@cache
def _managed() -> dict[str, Any]:
    """AWS's own policies, as moto keeps them."""
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found
