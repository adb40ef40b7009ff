"""Read YAML with CloudFormation's tags, and resolve the intrinsic functions that the local stack supports."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml


class TemplateError(Exception):
    """The template is invalid, or uses a feature that the local stack does not support. The message says where."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml is optional
    """Loads `!Sub x` as `{"Fn::Sub": "x"}`, so that the short and the full form are equal."""


def _tagged(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)


def read_yaml(file: Path) -> dict[str, Any]:
    """Read the template as plain data. Raise TemplateError if it can't be read."""
    try:
        data = yaml.load(file.read_text("utf-8"), Loader=_Loader)  # noqa: S506  # derived from the safe one
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TemplateError(f"{file.name} can't be read: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("Resources"), dict):
        raise TemplateError(f"{file.name} has no Resources")
    return data


VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")
_NO_VALUE = object()


class Resolver:
    """Replaces intrinsic functions with values.

    `values` maps references to text. Examples of references: `Table`, `Table.Arn`, `AWS::Region`, parameter names.
    `conditions` are those of the template.
    """

    def __init__(self, values: Mapping[str, Any], conditions: Mapping[str, Any] | None = None) -> None:
        self._values = values
        self._conditions = conditions or {}
        self._known: dict[str, Callable[[Any, str], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Condition": self._condition,
            "Fn::Equals": lambda argument, where: len({str(one) for one in self.resolve(argument, where)}) == 1,
            "Fn::Not": lambda argument, where: not self.resolve(argument, where)[0],
            "Fn::And": lambda argument, where: all(self.resolve(argument, where)),
            "Fn::Or": lambda argument, where: any(self.resolve(argument, where)),
        }

    def resolve(self, value: Any, where: str) -> Any:
        """Return the value without intrinsic functions. `where` names the resource in a TemplateError."""
        if isinstance(value, list):
            return [item for item in (self.resolve(item, where) for item in value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name = next(iter(value))
            if name in {"Ref", "Condition"} or str(name).startswith("Fn::"):
                return self._call(name, value[name], where)
        resolved = {name: self.resolve(item, where) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not _NO_VALUE}

    def _call(self, name: str, argument: Any, where: str) -> Any:
        if name not in self._known:
            raise TemplateError(f"{where}: the local stack does not support {name}")
        try:
            return self._known[name](argument, where)
        except (TypeError, ValueError, IndexError) as error:
            raise TemplateError(f"{where}: {name} with {argument!r}: {error}") from error

    def _look_up(self, name: str, where: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name not in self._values:
            raise TemplateError(f"{where}: the local stack has no value for {name}")
        return self._values[name]

    def _ref(self, argument: Any, where: str) -> Any:
        return self._look_up(argument, where)

    def _get_att(self, argument: Any, where: str) -> Any:
        name = argument if isinstance(argument, str) else ".".join(argument)
        return self._look_up(name, where)

    def _sub(self, argument: Any, where: str) -> str:
        text, extra = (argument, {}) if isinstance(argument, str) else argument
        own = {name: self.resolve(value, where) for name, value in extra.items()}

        def value(match: re.Match[str]) -> str:
            escaped, name = match[1], match[2].strip()
            if escaped:
                return f"${{{name}}}"
            return str(own[name] if name in own else self._look_up(name, where))

        return VARIABLE.sub(value, text)

    def _select(self, argument: Any, where: str) -> Any:
        index, items = argument
        return self.resolve(items, where)[int(self.resolve(index, where))]

    def _split(self, argument: Any, where: str) -> list[str]:
        separator, text = argument
        return list(self.resolve(text, where).split(separator))

    def _join(self, argument: Any, where: str) -> str:
        separator, items = argument
        return str(separator).join(str(item) for item in self.resolve(items, where))

    def _if(self, argument: Any, where: str) -> Any:
        condition, if_true, if_false = argument
        # Only the chosen value: the other one can have references that do not exist.
        return self.resolve(if_true if self._condition(condition, where) else if_false, where)

    def _condition(self, name: str, where: str) -> bool:
        if name not in self._conditions:
            raise TemplateError(f"{where}: the template has no condition {name}")
        return bool(self.resolve(self._conditions[name], where))
