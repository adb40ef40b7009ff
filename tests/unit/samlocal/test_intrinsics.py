"""Conditions of a template choose between two values."""

from typing import Any

import pytest

from samlocal.template.intrinsics import Resolver, TemplateError

CONDITIONS: dict[str, Any] = {
    "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
    "IsOld": {"Fn::Equals": [{"Ref": "Age"}, 3]},
    "IsOther": {"Fn::Not": [{"Condition": "IsProd"}]},
    "IsBoth": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsOld"}]},
    "IsEither": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsOld"}]},
}


def chosen(condition: str, **values: str) -> Any:
    resolver = Resolver({"Stage": "dev", "Age": "3"} | values, CONDITIONS)
    return resolver.resolve([{"Fn::If": [condition, "yes", {"Ref": "AWS::NoValue"}]}], "x")


@pytest.mark.parametrize(
    ("condition", "values", "is_true"),
    [
        ("IsProd", {"Stage": "prod"}, True),
        ("IsProd", {}, False),
        ("IsOld", {}, True),
        ("IsOther", {}, True),
        ("IsOther", {"Stage": "prod"}, False),
        ("IsBoth", {}, False),
        ("IsBoth", {"Stage": "prod"}, True),
        ("IsEither", {}, True),
        ("IsEither", {"Age": "4"}, False),
    ],
)
def test_a_condition_chooses_a_value(condition: str, values: dict[str, str], is_true: bool) -> None:
    assert chosen(condition, **values) == (["yes"] if is_true else [])


def test_only_the_chosen_value_is_resolved() -> None:
    value = {"Fn::If": ["IsProd", {"Ref": "Unknown"}, "kept"]}
    assert Resolver({"Stage": "dev"}, CONDITIONS).resolve(value, "x") == "kept"


def test_an_unknown_condition_is_reported() -> None:
    with pytest.raises(TemplateError, match="Queue: the template has no condition IsGone"):
        Resolver({}).resolve({"Fn::If": ["IsGone", 1, 2]}, "Queue")
