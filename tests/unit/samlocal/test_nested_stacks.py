"""Nested stacks are read as one template with the stack that includes them."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from samlocal.template import nested_stacks
from samlocal.template.intrinsics import TemplateError

PARENT: dict[str, Any] = {
    "Conditions": {"IsOn": {"Fn::Equals": ["a", "a"]}},
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue"},
        "Part": {
            "Type": nested_stacks.NESTED,
            "Properties": {
                "Location": "part.yaml",
                "Parameters": {
                    "Stack": {"Ref": "AWS::StackName"},
                    "Queue": {"Fn::GetAtt": "Jobs.Arn"},
                    "Host": {"Fn::Sub": "x.${AWS::Region}"},
                },
            },
        },
    },
    "Outputs": {
        "Address": {"Value": {"Fn::GetAtt": "Part.Outputs.Address"}},
        "Text": {"Value": {"Fn::Sub": "at ${Part.Outputs.Address}"}},
    },
}
PART: dict[str, Any] = {
    "Parameters": {"Stack": {}, "Queue": {}, "Host": {}, "Age": {"Default": 3}},
    "Conditions": {"IsOld": {"Fn::Equals": [{"Ref": "Age"}, 3]}},
    "Resources": {"Thing": {"Type": "Thing", "Properties": {}}},
    "Outputs": {"Address": {"Value": {"Fn::Sub": "https://${Host}/${Thing}"}}},
}


def merged(properties: Any = None, parent: dict[str, Any] = PARENT, part: dict[str, Any] = PART) -> dict[str, Any]:
    changed = deepcopy(part)
    changed["Resources"]["Thing"]["Properties"] = properties or {}
    return nested_stacks.merged(parent, {"part.yaml": changed}.__getitem__)


def changed(**parameters: Any) -> dict[str, Any]:
    parent = deepcopy(PARENT)
    parent["Resources"]["Part"]["Properties"]["Parameters"] |= parameters
    return parent


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"Ref": "Queue"}, {"Fn::GetAtt": "Jobs.Arn"}),
        ({"Ref": "Age"}, 3),
        ({"Ref": "Thing"}, {"Ref": "Thing"}),
        ({"Ref": "AWS::Region"}, {"Ref": "AWS::Region"}),
        ([{"a": {"Ref": "Stack"}}], [{"a": {"Ref": "AWS::StackName"}}]),
        (
            {"Fn::Sub": "${Stack} ${Queue} ${Host} ${Age} ${Thing.Id} ${!Queue}"},
            {"Fn::Sub": "${AWS::StackName} ${Jobs.Arn} x.${AWS::Region} 3 ${Thing.Id} ${!Queue}"},
        ),
        (
            {"Fn::Sub": ["${Host} ${Age}", {"Host": {"Ref": "Queue"}}]},
            {"Fn::Sub": ["${Host} 3", {"Host": {"Fn::GetAtt": "Jobs.Arn"}}]},
        ),
    ],
)
def test_a_parameter_has_the_passed_value_or_its_default(written: Any, read: Any) -> None:
    assert merged({"Value": written})["Resources"]["Thing"]["Properties"] == {"Value": read}


def test_a_reference_to_an_output_is_replaced_by_its_value() -> None:
    outputs = merged()["Outputs"]
    assert outputs["Address"] == {"Value": {"Fn::Sub": "https://x.${AWS::Region}/${Thing}"}}
    assert outputs["Text"] == {"Value": {"Fn::Sub": "at https://x.${AWS::Region}/${Thing}"}}


def test_the_result_has_the_resources_and_conditions_of_both_templates() -> None:
    whole = merged()
    assert whole["Resources"].keys() == {"Jobs", "Thing"}
    assert whole["Conditions"] == {"IsOn": {"Fn::Equals": ["a", "a"]}, "IsOld": {"Fn::Equals": [3, 3]}}


def test_the_condition_of_a_nested_stack_applies_to_its_resources() -> None:
    parent = deepcopy(PARENT)
    parent["Resources"]["Part"]["Condition"] = "IsOn"
    assert merged(parent=parent)["Resources"]["Thing"]["Condition"] == "IsOn"
    twice = deepcopy(PART)
    twice["Resources"]["Thing"]["Condition"] = "IsOld"
    with pytest.raises(TemplateError, match=r"Thing: .* not support a condition within another"):
        merged(parent=parent, part=twice)


@pytest.mark.parametrize(
    ("parent", "part", "error"),
    [
        (changed(More="1"), PART, "Part: it has no parameters More"),
        (PARENT, {**PART, "Parameters": {**PART["Parameters"], "New": {}}}, "Part: no value is passed for New"),
        (PARENT, {**PART, "Resources": {"Jobs": {}, "Thing": {}}}, "Part: another template has Jobs too"),
        (
            PARENT,
            {**PART, "Outputs": {"Name": {"Value": {"Ref": "AWS::StackName"}}}},
            "Part: a nested stack's own name",
        ),
        (changed(Host={"Fn::If": ["IsOn", "a", "b"]}), PART, "Host: .* can't be put into a text here"),
    ],
)
def test_a_mismatch_between_the_templates_is_an_error(parent: dict[str, Any], part: dict[str, Any], error: str) -> None:
    with pytest.raises(TemplateError, match=error):
        merged(parent=parent, part=part)


def test_a_nested_stack_that_is_not_a_file_is_refused() -> None:
    parent = deepcopy(PARENT)
    parent["Resources"]["Part"]["Properties"]["Location"] = {"ApplicationId": "arn", "SemanticVersion": "1.0.0"}
    with pytest.raises(TemplateError, match=r"Part: .* nested stacks in files"):
        merged(parent=parent)


def test_nested_templates_are_found_next_to_the_template(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text("Resources: { Part: { Type: AWS::Serverless::Application, Properties: { Location: part.yaml } } }")
    assert nested_stacks.files(file) == (file, tmp_path / "part.yaml")
    with pytest.raises(TemplateError, match=r"part\.yaml can't be read"):
        nested_stacks.read(file)
    (tmp_path / "part.yaml").write_text("Resources: { Thing: { Type: Thing } }")
    assert nested_stacks.read(file)["Resources"] == {"Thing": {"Type": "Thing"}}
