"""The template and its nested stacks: resources with data are in the root, and no dependency is circular."""

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from samlocal.template import nested_stacks
from samlocal.template.intrinsics import read_yaml
from tests.engines.sam import transformed
from tests.infra.template_data import FILE, Data, referenced_names

ROOT = FILE.parents[1]
PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
FILES = nested_stacks.files(FILE)
NESTED = FILES[1:]
# Resource types that a nested stack may have: docs/decisions/0007.
WITHOUT_DATA = {
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::OriginRequestPolicy",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::S3::BucketPolicy",
}
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
every_nested = pytest.mark.parametrize("file", NESTED, ids=lambda file: file.name)


def test_the_nested_stacks_are_the_site_and_the_monitoring() -> None:
    assert [file.name for file in NESTED] == ["site.yaml", "watch.yaml"]


@every_file
def test_no_template_file_has_more_than_1200_lines(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 1200


@every_nested
def test_a_nested_stack_has_no_resource_with_data(file: Path) -> None:
    resources = read_yaml(file)["Resources"].values()
    assert {one["Type"] for one in resources} <= WITHOUT_DATA
    assert [one for one in resources if "DeletionPolicy" in one] == []


@every_nested
def test_no_secret_is_passed_to_a_nested_stack_as_a_parameter(file: Path) -> None:
    (resource,) = [one for one in nested(read_yaml(FILE)).values() if one["Location"] == file.name]
    assert "resolve:secretsmanager" not in str(resource)


def nested(root: Data) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in root["Resources"].items() if one["Type"] == nested_stacks.NESTED}


# ---- Dependencies ----------------------------------------------------------------------------------------------------


def circular_dependencies(resources: Mapping[str, Any]) -> list[str]:
    """Resources in circular dependencies. A nested stack depends on all resources in its parameters."""
    dependencies = {name: set(referenced_names(one, {})) & resources.keys() for name, one in resources.items()}
    while ready := [name for name, others in dependencies.items() if not others]:
        dependencies = {name: others.difference(ready) for name, others in dependencies.items() if name not in ready}
    return sorted(dependencies)


def test_no_resource_depends_on_itself() -> None:
    assert circular_dependencies(transformed(read_yaml(FILE), PARAMETERS)["Resources"]) == []


@pytest.mark.long
def test_a_deployment_preference_with_an_alarm_of_a_nested_stack_is_detected() -> None:
    root = deepcopy(read_yaml(FILE))
    alarm = {"Fn::GetAtt": "Watch.Outputs.ErrorsAlarm"}
    root["Globals"]["Function"]["DeploymentPreference"]["Alarms"] = [alarm]
    assert "Watch" in circular_dependencies(transformed(root, PARAMETERS)["Resources"])


# ---- Outputs and environments ----------------------------------------------------------------------------------------


def test_the_root_has_every_output_that_the_commands_read() -> None:
    texts = [file.read_text("utf-8") for file in (ROOT / "cli").rglob("*.py")]
    read = {name for text in texts for name in re.findall(r"\boutput\([\"'](\w+)[\"']\)", text)}
    assert {"SiteBucketName", "DistributionId", "SiteAddress", "WatchAddress"} <= read
    outputs = read_yaml(FILE)["Outputs"]
    # The commands read these two by a variable.
    wanted = {*read, "AlarmsTopic", "OutreachMailName"}
    assert [name for name in wanted if name not in outputs or "Condition" in outputs[name]] == []


def test_every_environment_has_the_capability_for_nested_stacks() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    capabilities = {
        config[name]["deploy"]["parameters"]["capabilities"] for name in ("default", "dev", "staging", "prod")
    }
    assert capabilities == {"CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"}


def test_only_dev_has_no_alarms_and_gradual_deployments_require_them() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    off = [name for name in ("dev", "staging", "prod") if "Monitoring=false" in overrides(config[name])]
    assert off == ["dev"]
    root = read_yaml(FILE)
    assert root["Parameters"]["Monitoring"]["Default"] == "true"
    assert {"Condition": "IsMonitored"} in root["Conditions"]["InSteps"]["Fn::And"]
    assert root["Resources"]["Watch"]["Condition"] == "IsMonitored"
    monitoring = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::MetricFilter"}
    watched = [one for one in nested_stacks.read(FILE)["Resources"].values() if one["Type"] in monitoring]
    assert {one.get("Condition") for one in watched} == {"IsMonitored"}


def overrides(environment: Mapping[str, Any]) -> list[str]:
    found: list[str] = environment["deploy"]["parameters"]["parameter_overrides"]
    return found
