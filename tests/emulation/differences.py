"""The differences between the emulator and AWS, and the template without what the emulator refuses."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("differences.toml")
Template = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry of the list. `refusal` is empty if the emulator refuses nothing, but lacks a behavior."""

    name: str
    instead: str
    fault: str
    title: str
    address: str
    refusal: str = ""
    types: Sequence[str] = ()
    property: str = ""
    attribute: str = ""
    value: str = ""

    def removes(self, resource: Any) -> bool:
        kind, _, name = self.property.partition(".")
        return resource["Type"] in self.types or (resource["Type"] == kind and name in resource["Properties"])


def read() -> list[Difference]:
    return [Difference(**entry) for entry in tomllib.loads(FILE.read_text("utf-8"))["difference"]]


def left_out(template: Template, differences: Sequence[Difference]) -> set[str]:
    """Logical ids of the resources that `without` removes."""
    resources = template["Resources"].items()
    return {name for name, resource in resources if any(one.removes(resource) for one in differences)}


def without(template: Template, differences: Sequence[Difference]) -> Template:
    """The template without what these differences name."""
    types = {name: resource["Type"] for name, resource in template["Resources"].items()}
    removed = left_out(template, differences)
    kept = {name: resource for name, resource in template["Resources"].items() if name not in removed}
    result: Template = {**template, "Resources": {name: _updatable(one, removed) for name, one in kept.items()}}
    for one in differences:
        result = _replaced(result, one, types) if one.attribute else result
    return result


def _updatable(resource: Any, removed: set[str]) -> Any:
    """The resource without an UpdatePolicy that uses a removed resource."""
    uses_removed = any(f"'{name}'" in str(resource.get("UpdatePolicy")) for name in removed)
    return {name: value for name, value in resource.items() if name != "UpdatePolicy" or not uses_removed}


def _replaced(value: Any, difference: Difference, types: dict[str, str]) -> Any:
    """`value` with the text of the difference instead of its attribute."""
    if isinstance(value, list):
        return [_replaced(item, difference, types) for item in value]
    if isinstance(value, str):
        attributes = re.findall(r"\$\{(\w+)\.(\w+)\}", value)
        for resource, name in attributes:
            if re.fullmatch(difference.attribute, f"{types.get(resource)}.{name}"):
                value = value.replace(f"${{{resource}.{name}}}", difference.value)
        return value
    if not isinstance(value, dict):
        return value
    match value.get("Fn::GetAtt"):
        case [str(resource), str(name)] if re.fullmatch(difference.attribute, f"{types.get(resource)}.{name}"):
            return {"Fn::Sub": difference.value}
    return {name: _replaced(item, difference, types) for name, item in value.items()}
