"""Faster versions of methods of moto 5.2.5, with the same results.

moto spends most of a request of DynamoDB in them. tests/unit/samlocal/test_moto_speed.py compares the results, and fails
when moto changes the methods. Then compare, and update or delete this module.
"""

import copy
from functools import cache, lru_cache
from typing import Any

from moto.core import responses
from moto.core.serialize import JSONSerializer
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

_STRINGS, _FLAGS, _SETS = {"S", "N"}, {"BOOL", "NULL"}, {"SS", "NS"}
_KEPT_EXPRESSIONS = 512

_structure_of_moto = JSONSerializer._serialize_type_structure
_to_regular_json_of_moto = DynamoType.to_regular_json
_make_of_moto = UpdateExpressionParser.make.__func__
# moto inspects the class of a service for its actions at each request.
_method_names = cache(responses.method_names_from_class)


# ---- Responses -------------------------------------------------------------------------------------------------------


def _serialize_structure(serializer: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """moto looks for each of the ten members of an attribute value under several names."""
    if key and shape.name == "AttributeValue" and _is_serialized(value):
        serialized[key] = value
    else:
        _structure_of_moto(serializer, serialized, value, shape, key)


def _is_serialized(value: Any) -> bool:
    """Whether the value equals its JSON. Binary values do not."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    if kind in _STRINGS:
        return type(content) is str
    if kind in _FLAGS:
        return type(content) is bool
    if kind in _SETS:
        return type(content) is list and all(type(one) is str for one in content)
    if kind == "M":
        return type(content) is dict and all(map(_is_serialized, content.values()))
    return kind == "L" and type(content) is list and all(map(_is_serialized, content))


def _to_regular_json(value: DynamoType) -> dict[str, Any]:
    """moto copies the content before it converts it."""
    content = value.value
    if value.type == "M":
        return {"M": {name: _regular(one) for name, one in content.items()}}
    if value.type == "L":
        return {"L": [_regular(one) for one in content]}
    if value.type in _STRINGS or value.type in _FLAGS:
        return {value.type: content}
    return _to_regular_json_of_moto(value)


def _regular(value: Any) -> Any:
    return _to_regular_json(value) if isinstance(value, DynamoType) else copy.deepcopy(value)


# ---- Update expressions ----------------------------------------------------------------------------------------------


@lru_cache(_KEPT_EXPRESSIONS)
def _parsed(expression: str) -> Any:
    return _make_of_moto(UpdateExpressionParser, expression)


def _make(_: type[UpdateExpressionParser], expression: str) -> Any:
    """moto parses each expression two or three times, and changes only copies of the tree."""
    return _parsed(expression)


def _copy(node: Node, memo: dict[int, Any]) -> Node:
    """`deepcopy` without pickle. A leaf holds an immutable value."""
    made: Node = object.__new__(type(node))
    memo[id(node)] = made
    made.__dict__.update(node.__dict__)
    made.parent = memo.get(id(node.parent))
    if node.children is not None:
        made.children = [copy.deepcopy(child, memo) for child in node.children]
    return made


def _traverse(traverser: DepthFirstTraverser, root: Node) -> Node:
    """moto asks for the classes again at each node, and `isinstance` is slow for abstract classes."""
    kinds = traverser.nodes_to_be_processed()
    has_hook = type(traverser).pre_processing_of_child is not DepthFirstTraverser.pre_processing_of_child

    def visit(node: Any, number: int = -1) -> Any:
        if not _is_subclass(type(node), Node):
            return node
        parent = node.parent
        for position, child in enumerate(node.children or ()):
            if has_hook:
                traverser.pre_processing_of_child(node, position)
            visit(child, position)
        if _is_subclass(type(node), kinds):
            node = traverser.process(node)
            node.parent = parent
            if parent:
                parent.children[number] = node
        return node

    return visit(root)  # type: ignore[no-any-return]


@cache
def _is_subclass(kind: type, kinds: type | tuple[type, ...]) -> bool:
    return issubclass(kind, kinds)


def apply() -> None:
    """Apply the changes for the rest of the process."""
    responses.method_names_from_class = _method_names
    JSONSerializer._serialize_type_structure = _serialize_structure  # type: ignore[method-assign]
    DynamoType.to_regular_json = _to_regular_json  # type: ignore[method-assign]
    UpdateExpressionParser.make = classmethod(_make)  # type: ignore[assignment]
    Node.__deepcopy__ = _copy
    DepthFirstTraverser.traverse = _traverse
