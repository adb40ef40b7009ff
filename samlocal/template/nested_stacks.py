"""A template with nested stacks, read as one template.

The resources of a nested stack (`AWS::Serverless::Application` with a file as its Location) take the place of the
resource that includes it. A reference to one of its parameters becomes what the parent passes, and a reference to one
of its outputs becomes what the nested stack puts out.
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
    """The template in `file`, with what it includes. Raises TemplateError."""
    return flattened(read_yaml(file), lambda location: read_yaml(file.parent / location))


def files(file: Path) -> tuple[Path, ...]:
    """The file itself, and those that it includes. Raises TemplateError."""
    nested = _nested(read_yaml(file)).items()
    return (file, *(file.parent / _location(name, resource) for name, resource in nested))


def flattened(parent: Data, part: Callable[[str], Data]) -> Data:
    """`part` reads what a Location names. `parent` stays as it is. Raises TemplateError."""
    nested = _nested(parent)
    resources = {name: one for name, one in parent["Resources"].items() if name not in nested}
    conditions = dict(parent.get("Conditions") or {})
    outputs: Data = {}
    for name, resource in nested.items():
        inside = _filled(name, resource, part(_location(name, resource)))
        _add(resources, inside["Resources"], name)
        _add(conditions, inside.get("Conditions") or {}, name)
        outputs |= {f"{name}.Outputs.{key}": one["Value"] for key, one in (inside.get("Outputs") or {}).items()}
    whole: Data = _replaced({**parent, "Conditions": conditions, "Resources": resources}, outputs)
    return whole


def _nested(parent: Data) -> dict[str, Data]:
    return {name: one for name, one in parent["Resources"].items() if one.get("Type") == NESTED}


def _location(name: str, resource: Data) -> str:
    location = resource["Properties"].get("Location")
    if not isinstance(location, str):
        raise TemplateError(f"{name}: the local stack supports only nested stacks in files")
    return location


def _filled(name: str, resource: Data, part: Data) -> Data:
    """The nested template with the passed values in place of its parameters, and with the condition of its resource."""
    declared, passed = part.get("Parameters") or {}, resource["Properties"].get("Parameters") or {}
    defaults = {key: one["Default"] for key, one in declared.items() if "Default" in one}
    if unknown := passed.keys() - declared.keys():
        raise TemplateError(f"{name}: it has no parameters {', '.join(sorted(unknown))}")
    if missing := declared.keys() - passed.keys() - defaults.keys():
        raise TemplateError(f"{name}: no value is passed for {', '.join(sorted(missing))}")
    if "AWS::Stack" in json.dumps(part):
        raise TemplateError(f"{name}: a nested stack's own name and id are not supported; pass those of the parent")
    filled: Data = _replaced(part, {**defaults, **passed})
    if condition := resource.get("Condition"):
        filled["Resources"] = {key: _with_condition(condition, key, one) for key, one in filled["Resources"].items()}
    return filled


def _with_condition(condition: str, name: str, resource: Data) -> Data:
    if "Condition" in resource:
        raise TemplateError(f"{name}: the local stack does not support a condition within another")
    return {**resource, "Condition": condition}


def _add(whole: Data, part: Mapping[str, Any], name: str) -> None:
    if twice := whole.keys() & part.keys():
        raise TemplateError(f"{name}: another template has {', '.join(sorted(twice))} too")
    whole |= part


def _replaced(value: Any, known: Mapping[str, Any]) -> Any:
    """`known` maps what Ref, GetAtt and Sub may name (`Table`, `Site.Outputs.Address`) to what takes its place."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": str(name)} if name in known:
            return known[name]
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _text(text, known)}
        case {"Fn::Sub": [str(text), dict(own)]}:
            outer = {name: one for name, one in known.items() if name not in own}
            return {"Fn::Sub": [_text(text, outer), _replaced(own, known)]}
        case dict():
            return {name: _replaced(one, known) for name, one in value.items()}
        case list():
            return [_replaced(one, known) for one in value]
        case _:
            return value


def _text(text: str, known: Mapping[str, Any]) -> str:
    def put(found: re.Match[str]) -> str:
        escaped, name = found[1], found[2]
        return found[0] if escaped or name not in known else _variable(name, known)

    return VARIABLE.sub(put, text)


def _variable(name: str, known: Mapping[str, Any]) -> str:
    match known[name]:
        case {"Ref": str(other)} | {"Fn::GetAtt": str(other)}:
            return f"${{{other}}}"
        case {"Fn::Sub": str(text)}:
            return text
        case str() | int() as literal:
            return str(literal)
        case other:
            raise TemplateError(f"{name}: {other} can't be put into a text here")
