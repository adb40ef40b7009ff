"""The commands that `destroy` prints, which delete retained resources."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from cli.commands import destroy
from samlocal.template import nested_stacks

RETAINED = {
    name: one
    for name, one in nested_stacks.read(Path("infra/template.yaml"))["Resources"].items()
    if str(one.get("DeletionPolicy", "")).startswith("Retain")
}
EVERY_COMMAND = [one for both in destroy._REMOVE.values() for one in both.split(" && ")]


@pytest.mark.parametrize("name", RETAINED)
def test_the_protection_of_a_resource_is_removed_before_the_resource(name: str) -> None:
    """DynamoDB and Cognito refuse to delete a protected resource."""
    is_protected = any(one.startswith("DeletionProtection") for one in RETAINED[name]["Properties"])
    *before, last = destroy._REMOVE[RETAINED[name]["Type"]].split(" && ")
    assert "delete-" in last
    assert ["deletion-protection" in one for one in before] == [True] * is_protected


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_aws_has_the_operation_and_its_options(command: str) -> None:
    _, service, operation, *options = command.split()
    model = botocore.session.Session().get_service_model(service)
    shape = model.operation_model(operation.title().replace("-", "")).input_shape
    assert shape is not None
    members: Mapping[str, Any] = shape.members
    known = {xform_name(name, "-") for name in members}
    assert {one.removeprefix("--").removeprefix("no-") for one in options if one.startswith("--")} <= known
    values = {value for member in members.values() for value in getattr(member, "enum", ())}
    assert {one for one in options if one.isupper()} <= values
