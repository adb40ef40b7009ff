"""Read a template and its nested stacks as one template.

A nested stack is an `AWS::Serverless::Application` whose Location is a file. Its resources replace the resource that
includes it. References to its parameters are replaced by the values that the parent passes, and references to its
outputs by the values of the outputs.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samlocal.template.intrinsics import VARIABLE, TemplateError, read_yaml

NESTED = "AWS::Serverless::Application"
Data = dict[str, Any]


def read(file: Path) -> Data:
    """Return the template in `file`, merged with its nested stacks. Raise TemplateError if one is invalid."""
    return merged(read_yaml(file), lambda location: read_yaml(file.parent / location))


def files(file: Path) -> tuple[Path, ...]:
    """Return the file and the files of its nested stacks. Raise TemplateError if the file is invalid."""
    nested = _nested(read_yaml(file)).items()
    return (file, *(file.parent / _location(name, resource) for name, resource in nested))


def merged(parent: Data, load: Callable[[str], Data]) -> Data:
    """Return the merged template. `load` returns the template at a Location. Raise TemplateError if one is invalid."""
    nested = _nested(parent)
    resources = {name: one for name, one in parent["Resources"].items() if name not in nested}
    conditions = dict(parent.get("Conditions") or {})
    outputs: Data = {}
    for name, resource in nested.items():
        part = _with_parameters(name, resource, load(_location(name, resource)))
        _add(resources, part["Resources"], name)
        _add(conditions, part.get("Conditions") or {}, name)
        outputs |= {f"{name}.Outputs.{key}": one["Value"] for key, one in (part.get("Outputs") or {}).items()}
    whole: Data = _replaced({**parent, "Conditions": conditions, "Resources": resources}, outputs)
    return whole


def _nested(parent: Data) -> dict[str, Data]:
    return {name: one for name, one in parent["Resources"].items() if one.get("Type") == NESTED}


def _location(name: str, resource: Data) -> str:
    location = resource["Properties"].get("Location")
    if not isinstance(location, str):
        raise TemplateError(f"{name}: the local stack supports only nested stacks in files")
    return location


def _with_parameters(name: str, resource: Data, part: Data) -> Data:
    """Return the nested template with values for its parameters, and the condition of `resource` on its resources."""
    declared, passed = part.get("Parameters") or {}, resource["Properties"].get("Parameters") or {}
    defaults = {key: one["Default"] for key, one in declared.items() if "Default" in one}
    if unknown := passed.keys() - declared.keys():
        raise TemplateError(f"{name}: it has no parameters {', '.join(sorted(unknown))}")
    if missing := declared.keys() - passed.keys() - defaults.keys():
        raise TemplateError(f"{name}: no value is passed for {', '.join(sorted(missing))}")
    if "AWS::Stack" in json.dumps(part):
        raise TemplateError(f"{name}: a nested stack's own name and id are not supported; pass those of the parent")
    nested: Data = _replaced(part, {**defaults, **passed})
    if condition := resource.get("Condition"):
        nested["Resources"] = {key: _with_condition(condition, key, one) for key, one in nested["Resources"].items()}
    return nested


def _with_condition(condition: str, name: str, resource: Data) -> Data:
    if "Condition" in resource:
        raise TemplateError(f"{name}: the local stack does not support a condition within another")
    return {**resource, "Condition": condition}


def _add(whole: Data, part: Mapping[str, Any], name: str) -> None:
    if twice := whole.keys() & part.keys():
        raise TemplateError(f"{name}: another template has {', '.join(sorted(twice))} too")
    whole |= part


def _replaced(value: Any, known: Mapping[str, Any]) -> Any:
    """Replace references. `known` maps their targets, such as `Table` and `Site.Outputs.Address`, to values."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": str(name)} if name in known:
            return known[name]
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _replaced_in_text(text, known)}
        case {"Fn::Sub": [str(text), dict(own)]}:
            outer = {name: one for name, one in known.items() if name not in own}
            return {"Fn::Sub": [_replaced_in_text(text, outer), _replaced(own, known)]}
        case dict():
            return {name: _replaced(one, known) for name, one in value.items()}
        case list():
            return [_replaced(one, known) for one in value]
        case _:
            return value


def _replaced_in_text(text: str, known: Mapping[str, Any]) -> str:
    def replacement(found: re.Match[str]) -> str:
        escaped, name = found[1], found[2]
        return found[0] if escaped or name not in known else _as_text(name, known)

    return VARIABLE.sub(replacement, text)


def _as_text(name: str, known: Mapping[str, Any]) -> str:
    match known[name]:
        case {"Ref": str(other)} | {"Fn::GetAtt": str(other)}:
            return f"${{{other}}}"
        case {"Fn::Sub": str(text)}:
            return text
        case str() | int() as literal:
            return str(literal)
        case other:
            raise TemplateError(f"{name}: {other} can't be put into a text here")
