"""The template with its parts as CloudFormation meets it, created and updated by moto, twice beside itself.

moto implements about half of the resources. The others (CloudFront, Cognito, HTTP APIs, alarms and more) are removed
here, and references to them become text. This checks names, references, roles, tables, queues and event sources.
cfn-lint and checkov check the complete template.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.engines.sam import transformed
from tests.infra.template_data import template_data

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_REFERENCE = re.compile(r"\$\{(\w+)(?:\.\w+)?\}")
# moto has no aliases, so triggers invoke the function here. test_rollout.py checks the aliases.
ALIAS = "Aliaslive"
PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return supported_by_moto(transformed(template_data(), PARAMETERS))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator["CloudFormationClient"]:
    for name, value in {"ACCESS_KEY_ID": "none", "SECRET_ACCESS_KEY": "none", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="uploaded")
        boto3.client("s3").put_object(Bucket="uploaded", Key="code", Body=_code())
        yield boto3.client("cloudformation")


def test_two_stacks_can_be_created_in_one_account(template: dict[str, Any], cloud: "CloudFormationClient") -> None:
    first, second = create(cloud, "dev", template), create(cloud, "staging", template)
    assert set(first) == set(second) == set(template["Resources"])
    # No name is fixed: two stacks would collide.
    assert {name for name in first if first[name] and first[name] == second[name]} == set()


def test_an_update_changes_resources_and_keeps_stored_data(
    template: dict[str, Any], cloud: "CloudFormationClient"
) -> None:
    before = create(cloud, "dev", template)
    boto3.client("dynamodb").put_item(
        TableName=before["StatsTable"], Item={"pk": {"S": "campaign"}, "sk": {"S": "day"}}
    )
    # Functions stay unchanged: moto cannot update one that has a layer.
    changed = json.loads(json.dumps(template))
    changed["Resources"]["ReportJobs"]["Properties"]["VisibilityTimeout"] = 4242
    cloud.update_stack(
        StackName="dev", TemplateBody=json.dumps(changed), Parameters=given(), Capabilities=["CAPABILITY_IAM"]
    )
    assert status(cloud, "dev") == "UPDATE_COMPLETE"
    after = resources(cloud, "dev")
    assert {name: after[name] for name in ("Table", "StatsTable")} == {
        name: before[name] for name in ("Table", "StatsTable")
    }
    assert boto3.client("dynamodb").scan(TableName=after["StatsTable"])["Count"] == 1
    queue = boto3.client("sqs").get_queue_attributes(QueueUrl=after["ReportJobs"], AttributeNames=["All"])
    assert queue["Attributes"]["VisibilityTimeout"] == "4242"


def supported_by_moto(template: dict[str, Any]) -> dict[str, Any]:
    # Imported here, because it takes seconds, and every process of pytest-xdist imports this module.
    from moto.cloudformation.parsing import resource_class_from_type

    unknown = {name for name, it in template["Resources"].items() if not resource_class_from_type(it["Type"])}
    known = {name: without(it, unknown) for name, it in template["Resources"].items() if name not in unknown}
    return {**{name: part for name, part in template.items() if name != "Outputs"}, "Resources": known}


def without(value: Any, unknown: set[str]) -> Any:
    """The same value, with text instead of references to these resources."""
    match value:
        case {"Ref": str(name)} if name in unknown and name.endswith(ALIAS):
            return {"Ref": name.removesuffix(ALIAS)}
        case {"Ref": str(name)} if name in unknown:
            return f"{name}-unknown"
        case {"Fn::GetAtt": str(attribute)}:  # Moto knows the list only.
            return without({"Fn::GetAtt": attribute.split(".", 1)}, unknown)
        case {"Fn::GetAtt": [str(name), *_]} if name in unknown:
            return f"arn:aws:iam::123456789012:role/{name}"
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _REFERENCE.sub(lambda it: it[1] if it[1] in unknown else it[0], text)}
        case dict():
            return {name: without(part, unknown) for name, part in value.items()}
        case list():
            return [without(part, unknown) for part in value]
        case _:
            return value


def create(cloud: "CloudFormationClient", name: str, template: dict[str, Any]) -> dict[str, str]:
    cloud.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Parameters=given(), Capabilities=["CAPABILITY_IAM"]
    )
    assert status(cloud, name) == "CREATE_COMPLETE"
    return resources(cloud, name)


def given(**more: str) -> Any:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in (PARAMETERS | more).items()]


def status(cloud: "CloudFormationClient", name: str) -> str:
    return cloud.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def resources(cloud: "CloudFormationClient", stack: str) -> dict[str, str]:
    """Physical by logical ids. moto gives some resources none."""
    found = cloud.describe_stack_resources(StackName=stack)["StackResources"]
    return {it["LogicalResourceId"]: it.get("PhysicalResourceId", "") for it in found}


def _code() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("empty.py", "")
    return file.getvalue()
