"""Protection of the production stack against deletion. moto does not implement it."""

import boto3
import pytest
from botocore.stub import Stubber

from cli import termination_protection
from cli.environments import Environment


@pytest.mark.parametrize(("name", "is_protected"), [("prod", True), ("staging", False), ("dev", False)])
def test_only_the_stack_of_prod_is_protected(name: str, is_protected: bool) -> None:
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="id", aws_secret_access_key="secret")
    with Stubber(client) as stub:
        if is_protected:
            wanted = {"StackName": "stack", "EnableTerminationProtection": True}
            stub.add_response("update_termination_protection", {"StackId": "1"}, wanted)
        assert termination_protection.protect(Environment(name, "stack", {}), client) is is_protected
        stub.assert_no_pending_responses()
