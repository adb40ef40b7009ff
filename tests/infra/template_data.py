"""The template as plain data. Tests break it on purpose, because a check must fail on a broken template."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from samlocal.template import nested_stacks

FILE: Final = Path(__file__).parents[2] / "infra" / "template.yaml"
Data = dict[str, Any]
_DATA: Final = nested_stacks.read(FILE)


def template_data() -> Data:
    """A copy, so that no test sees the changes of another one."""
    return deepcopy(_DATA)


def properties(data: Data, name: str) -> Any:
    return data["Resources"][name]["Properties"]


def of_type(data: Data, kind: str) -> dict[str, Any]:
    found = {name: one["Properties"] for name, one in data["Resources"].items() if one["Type"] == kind}
    assert found, kind
    return found


def http_functions(data: Data) -> list[str]:
    """Functions that handle HTTP requests."""
    functions = of_type(data, "AWS::Serverless::Function")
    return [name for name, one in functions.items() if any(e["Type"] == "HttpApi" for e in one["Events"].values())]


def with_globals(data: Data, name: str) -> dict[str, Any]:
    """A function with its Globals, merged as by SAM, except for lists."""
    both: dict[str, Any] = _over(data["Globals"]["Function"], properties(data, name))
    return both


def _over(common: Any, own: Any) -> Any:
    if not (isinstance(common, dict) and isinstance(own, dict)):
        return own
    return {**common, **own, **{key: _over(common[key], own[key]) for key in common.keys() & own.keys()}}


def referenced_names(value: Any, data: Data) -> Iterator[str]:
    """The resources and parameters to which a value refers, also through conditions."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": str(name) | [str(name), *_]}:
            yield name.partition(".")[0]
        case {"Fn::If": [condition, *branches]}:
            yield from referenced_names(data.get("Conditions", {}).get(condition), data)
            yield from referenced_names(branches, data)
        case {"Fn::Sub": str(text)}:
            yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text))
        case {"Fn::Sub": [str(text), inside]}:
            yield from referenced_names({"Fn::Sub": text}, data)
            yield from referenced_names(inside, data)
        case dict():
            yield from (name for part in value.values() for name in referenced_names(part, data))
        case list():
            yield from (name for part in value for name in referenced_names(part, data))
