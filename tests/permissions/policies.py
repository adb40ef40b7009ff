"""Evaluates policies as IAM does, for identity-based policies with the elements that the template's roles use.

moto ignores all conditions except StringEquals, and other packages write, expand or check policies but ask AWS for
decisions. An unknown element is an error and never a decision.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any


class Unsupported(Exception):
    """The policy has an element that this evaluator does not know."""


@dataclass(frozen=True, slots=True)
class Request:
    """One action of a call on a resource. `context` holds the values of condition keys."""

    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        context = "".join(f", {key} {' '.join(values)}" for key, values in self.context)
        return f"{self.action} on {self.resource}{context}"


def request(action: str, resource: str, **context: Iterable[str]) -> Request:
    """`dynamodb__LeadingKeys` stands for the key `dynamodb:LeadingKeys`."""
    given = {key.replace("__", ":").replace("_", "-"): tuple(values) for key, values in context.items()}
    return Request(action, resource, tuple(given.items()))


@dataclass(frozen=True, slots=True)
class Permission:
    """One action on one resource that a statement allows, with one value that a condition accepts."""

    sid: str
    action: str
    resource: str
    key: str = ""
    value: str = ""

    def __str__(self) -> str:
        where = f" where {self.key} is {self.value}" if self.key else ""
        return f"{self.sid}: {self.action} on {self.resource}{where}"

    def is_used_by(self, one: Request) -> bool:
        """Whether the request, which the statement covers, uses this permission."""
        return (
            is_like(one.action.lower(), self.action.lower())
            and is_like(one.resource, self.resource)
            and (not self.key or any(is_like(given, self.value) for given in dict(one.context).get(self.key, ())))
        )


@dataclass(frozen=True)
class Statement:
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def covers(self, one: Request) -> bool:
        return (
            any(is_like(one.action.lower(), action.lower()) for action in self.actions)
            and self._is_about(one.resource)
            and all(_holds(operator, values, dict(one.context).get(key)) for operator, key, values in self.conditions)
        )

    def _is_about(self, resource: str) -> bool:
        if self.not_resources:
            return not any(is_like(resource, other) for other in self.not_resources)
        return any(is_like(resource, own) for own in self.resources)

    def permissions(self) -> Iterator[Permission]:
        if self.effect != "Allow":
            return
        values = [(key, value) for _, key, wanted in self.conditions for value in wanted] or [("", "")]
        for action, resource, (key, value) in product(self.actions, self.resources, values):
            yield Permission(self.sid, action, resource, key, value)


def statements(document: Mapping[str, Any], name: str) -> list[Statement]:
    """The statements of a policy. A statement without an id gets the name of the policy."""
    return [_statement(one, name) for one in _listed(document["Statement"])]


def _statement(written: Mapping[str, Any], name: str) -> Statement:
    supported = {"Sid", "Effect", "Action", "Resource", "NotResource", "Condition"}
    if strange := written.keys() - supported:
        raise Unsupported(f"{name}: {sorted(strange)}")
    return Statement(
        sid=written.get("Sid", name),
        effect=written["Effect"],
        actions=tuple(_listed(written["Action"])),
        resources=tuple(_listed(written.get("Resource", []))),
        not_resources=tuple(_listed(written.get("NotResource", []))),
        conditions=tuple(
            (operator, key, tuple(_listed(values)))
            for operator, by_key in written.get("Condition", {}).items()
            for key, values in by_key.items()
        ),
    )


def allowing(role: Iterable[Statement], one: Request) -> list[Statement]:
    """The statements that allow the request, or none if a statement denies it."""
    covering = [statement for statement in role if statement.covers(one)]
    if any(statement.effect == "Deny" for statement in covering):
        return []
    return covering


def _holds(operator: str, wanted: tuple[str, ...], given: tuple[str, ...] | None) -> bool:
    quantifier, _, comparison = operator.rpartition(":")
    if comparison == "StringEquals":
        matches = [value in wanted for value in given or ()]
    elif comparison == "StringLike":
        matches = [any(is_like(value, pattern) for pattern in wanted) for value in given or ()]
    else:
        raise Unsupported(operator)
    if quantifier == "ForAllValues":
        return all(matches)  # Also holds if the call has no such key, as in IAM.
    if quantifier == "ForAnyValue":
        return any(matches)
    if quantifier or len(matches) > 1:
        raise Unsupported(f"{operator} with {given}")
    return any(matches)


def is_like(text: str, pattern: str) -> bool:
    """`*` matches any text, and `?` one character. Other characters of shell patterns have no meaning."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
