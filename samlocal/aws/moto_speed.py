"""Faster versions of methods of moto 5.2.5, with the same results.

moto spends most of the time of a DynamoDB request in them. tests/unit/samlocal/test_moto_speed.py compares the results,
and fails when moto changes the methods. Then compare, and update or delete this module.
"""

import copy
from collections import deque
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from moto.core import responses, utils
from moto.core.serialize import JSONSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing import ast_nodes, expressions
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

_STRINGS, _FLAGS, _SETS = {"S", "N"}, {"BOOL", "NULL"}, {"SS", "NS"}
_KEPT_EXPRESSIONS = 512
# moto disables type checks for these modules.
_nodes: Any = ast_nodes
_parser: Any = expressions.__dict__["UpdateExpressionParser"]

_structure_of_moto = JSONSerializer._serialize_type_structure
_to_regular_json_of_moto = DynamoType.to_regular_json
_lex_of_moto = ConditionExpressionParser._lex_condition_expression
_make_of_moto = _parser.make.__func__

# moto inspects the class of a service for its actions at each request.
_method_names = cache(utils.method_names_from_class)


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


# ---- Expressions -----------------------------------------------------------------------------------------------------


@lru_cache(_KEPT_EXPRESSIONS)
def _lexed(expression: str) -> tuple[Any, ...]:
    return tuple(_lex_of_moto(ConditionExpressionParser(expression, None, None)))


def _lex(parser: ConditionExpressionParser) -> Any:
    """moto compiles six patterns for each token of a condition. The tokens are never changed."""
    return deque(_lexed(parser.condition_expression or ""))


@lru_cache(_KEPT_EXPRESSIONS)
def _parsed(expression: str) -> Any:
    return _make_of_moto(_parser, expression)


def _make(_: object, expression: str) -> Any:
    """moto parses each expression two or three times, and changes only copies of the tree."""
    return _parsed(expression)


def _copy(node: Any, memo: dict[int, Any]) -> Any:
    """`deepcopy` without pickle. A leaf holds an immutable value."""
    made = object.__new__(type(node))
    memo[id(node)] = made
    made.__dict__.update(node.__dict__)
    made.parent = memo.get(id(node.parent))
    if node.children is not None:
        made.children = [copy.deepcopy(child, memo) for child in node.children]
    return made


def _traverse(traverser: Any, root: Any) -> Any:
    """moto asks for the classes again at each node, and `isinstance` is slow for abstract classes."""
    kinds = traverser.nodes_to_be_processed()
    has_hook = type(traverser).pre_processing_of_child is not _nodes.DepthFirstTraverser.pre_processing_of_child

    def visit(node: Any, number: int = -1) -> Any:
        if not _is_subclass(node.__class__, _nodes.Node):
            return node
        parent = node.parent
        for position, child in enumerate(node.children or ()):
            if has_hook:
                traverser.pre_processing_of_child(node, position)
            visit(child, position)
        if _is_subclass(node.__class__, kinds):
            node = traverser.process(node)
            node.parent = parent
            if parent:
                parent.children[number] = node
        return node

    return visit(root)


def _once(check: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """moto checks all clauses again at each node, because all nodes derive from `UpdateExpression`."""
    return lambda validator, node: node if node.parent else check(validator, node)


_count_actions = _once(ActionCountValidator.verify_action_counts)
_find_overlaps = _once(OverlappingPathsValidator.check_for_overlapping_paths)


@cache
def _is_subclass(kind: Any, kinds: Any) -> bool:
    return issubclass(kind, kinds)


CHANGES: tuple[tuple[Any, str, Any], ...] = (
    (responses, "method_names_from_class", _method_names),
    (JSONSerializer, "_serialize_type_structure", _serialize_structure),
    (DynamoType, "to_regular_json", _to_regular_json),
    (ConditionExpressionParser, "_lex_condition_expression", _lex),
    (_parser, "make", classmethod(_make)),
    (_nodes.Node, "__deepcopy__", _copy),
    (_nodes.DepthFirstTraverser, "traverse", _traverse),
    (ActionCountValidator, "verify_action_counts", _count_actions),
    (OverlappingPathsValidator, "check_for_overlapping_paths", _find_overlaps),
)


def apply() -> None:
    """Apply the changes for the rest of the process."""
    for owner, name, change in CHANGES:
        setattr(owner, name, change)
