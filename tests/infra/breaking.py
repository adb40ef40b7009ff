"""The template as plain data, to be broken on purpose: a check that a broken one passes is none."""

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from local.intrinsics import read_yaml

FILE: Final = Path(__file__).parents[2] / "infra" / "template.yaml"
Data = dict[str, Any]
_DATA: Final = read_yaml(FILE)


def whole() -> Data:
    """A copy: what a test does to it, no other test sees."""
    return deepcopy(_DATA)


def properties(data: Data, name: str) -> Any:
    return data["Resources"][name]["Properties"]


def of_type(data: Data, kind: str) -> dict[str, Any]:
    found = {name: one["Properties"] for name, one in data["Resources"].items() if one["Type"] == kind}
    assert found, kind
    return found


def answering(data: Data) -> list[str]:
    """The functions that requests reach."""
    functions = of_type(data, "AWS::Serverless::Function")
    return [name for name, one in functions.items() if any(e["Type"] == "HttpApi" for e in one["Events"].values())]
