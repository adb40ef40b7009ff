"""The template and its nested stacks: what holds data is in the root, and CloudFormation can make all of it."""

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
from tests.infra.breaking import FILE, Data, named

ROOT = FILE.parents[1]
PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example"}
FILES = nested_stacks.files(FILE)
NESTED = FILES[1:]
# What a nested stack may hold: docs/decisions/0007.
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
def test_no_file_is_too_long_to_read(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 1200


@every_nested
def test_a_nested_stack_holds_nothing_that_must_not_be_lost(file: Path) -> None:
    resources = read_yaml(file)["Resources"].values()
    assert {one["Type"] for one in resources} <= WITHOUT_DATA
    assert [one for one in resources if "DeletionPolicy" in one] == []


@every_nested
def test_a_nested_stack_makes_no_secret_a_parameter(file: Path) -> None:
    (resource,) = [one for one in nested(read_yaml(FILE)).values() if one["Location"] == file.name]
    assert "resolve:secretsmanager" not in str(resource)


def nested(root: Data) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in root["Resources"].items() if one["Type"] == nested_stacks.NESTED}


# ---- Order -----------------------------------------------------------------------------------------------------------


def circle(resources: Mapping[str, Any]) -> list[str]:
    """A resource that waits for itself, by way of the others. A nested stack waits for all that it is passed."""
    waits = {name: set(named(one, {})) & resources.keys() for name, one in resources.items()}
    while ready := [name for name, others in waits.items() if not others]:
        waits = {name: others.difference(ready) for name, others in waits.items() if name not in ready}
    return sorted(waits)


def test_no_resource_waits_for_itself() -> None:
    assert circle(transformed(read_yaml(FILE), PARAMETERS)["Resources"]) == []


@pytest.mark.long
def test_a_deployment_that_asks_an_alarm_of_a_nested_stack_is_noticed() -> None:
    root = deepcopy(read_yaml(FILE))
    alarm = {"Fn::GetAtt": "Watch.Outputs.ErrorsAlarm"}
    root["Globals"]["Function"]["DeploymentPreference"]["Alarms"] = [alarm]
    assert "Watch" in circle(transformed(root, PARAMETERS)["Resources"])


# ---- Around it -------------------------------------------------------------------------------------------------------


def test_what_the_commands_read_is_put_out_by_the_root() -> None:
    texts = [file.read_text("utf-8") for file in (ROOT / "cli").rglob("*.py")]
    read = {name for text in texts for name in re.findall(r"\boutput\([\"'](\w+)[\"']\)", text)}
    assert {"SiteBucketName", "DistributionId", "SiteAddress", "WatchAddress"} <= read
    outputs = read_yaml(FILE)["Outputs"]
    # These two are read by a variable.
    wanted = {*read, "AlarmsTopic", "OutreachMailName"}
    assert [name for name in wanted if name not in outputs or "Condition" in outputs[name]] == []


def test_every_environment_may_make_nested_stacks() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    told = {config[name]["deploy"]["parameters"]["capabilities"] for name in ("default", "dev", "staging", "prod")}
    assert told == {"CAPABILITY_IAM CAPABILITY_AUTO_EXPAND"}


def test_dev_alone_has_no_alarms_and_a_rollout_in_steps_needs_them() -> None:
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
