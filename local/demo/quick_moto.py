"""moto and botocore, where most of the time goes: the same answers, without what nobody here looks at.

What our functions send is right: tests ask that of it, on AWS's own engine too. So it is not looked through for
mistakes once more, and an expression is parsed once.
"""

import copy
import gc
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from botocore.useragent import UserAgentString
from botocore.validate import ParamValidator, ValidationErrors
from moto.core.responses import ActionResult
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models import table
from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.responses import DynamoHandler

_updated = DynamoHandler.update_item
_parse = UpdateExpressionParser.make
_lexed = ConditionExpressionParser._lex_condition_expression
_processors = validators.UpdateExpressionValidator.get_ast_processors
_PUTS_IN = (
    validators.ExpressionAttributeValueProcessor,
    validators.ExpressionAttributeResolvingProcessor,
    validators.UpdateExpressionFunctionEvaluator,
    validators.NoneExistingPathChecker,
    validators.ExecuteOperations,
)


@contextmanager
def quick_moto() -> Iterator[None]:
    """For as long as it lasts."""
    expressions = _Expressions()
    with ExitStack() as patched:
        for owner, name, quicker in (
            (DynamoHandler, "update_item", _update_item),
            (DepthFirstTraverser, "traverse", _traverse),
            (UpdateExpressionParser, "make", expressions.make),
            (validators, "deepcopy", expressions.copied),
            (validators.UpdateExpressionValidator, "get_ast_processors", _without_checks),
            (ConditionExpressionParser, "_lex_condition_expression", _lex),
            # Of what is too large there is nothing.
            (Item, "size", lambda _: 0),
            (LimitedSizeDict, "__setitem__", dict.__setitem__),
            (ParamValidator, "validate", lambda *_: ValidationErrors()),
            (UserAgentString, "to_string", lambda _: "demo"),
            (table, "dynamo_json_dump", lambda _: ""),
        ):
            patched.enter_context(patch.object(owner, name, quicker))
        patched.callback(gc.set_threshold, *gc.get_threshold())
        # A tenth of the time: what moto makes is thrown away at once, or kept for good.
        gc.set_threshold(5_000, 1_000, 1_000)
        yield


def _update_item(handler: Any) -> ActionResult:
    """What it was before matters only to who asks for it."""
    asked = handler.body
    if "ReturnValues" in asked:
        return _updated(handler)
    handler.dynamodb_backend.update_item(
        asked["TableName"],
        asked["Key"],
        update_expression=asked["UpdateExpression"].strip(),
        expression_attribute_names=asked.get("ExpressionAttributeNames", {}),
        expression_attribute_values=asked.get("ExpressionAttributeValues", {}),
        condition_expression=asked.get("ConditionExpression"),
        return_values_on_condition_check_failure=asked.get("ReturnValuesOnConditionCheckFailure"),
    )
    return ActionResult({})


class _Expressions:
    """Parsed once; a copy of it is what is worked with. `copy.deepcopy` takes several times as long."""

    def __init__(self) -> None:
        self._parsed: dict[str, Node] = {}
        self._written: dict[int, bytes] = {}

    def make(self, expression: str) -> Node:
        if expression not in self._parsed:
            node = self._parsed[expression] = _parse(expression)
            self._written[id(node)] = pickle.dumps(node)
        return self._parsed[expression]

    def copied(self, what: Any) -> Any:
        written = self._written.get(id(what))
        return pickle.loads(written) if written else copy.deepcopy(what)  # noqa: S301  # It was written just here.


def _lex(parser: Any) -> deque[Any]:
    return deque(parser.Node(*token, []) for token in _tokens(parser.condition_expression))


@cache
def _tokens(expression: str) -> list[tuple[Any, ...]]:
    return [tuple(node)[:-1] for node in _lexed(ConditionExpressionParser(expression, None, None))]


def _without_checks(validator: Any) -> list[Any]:
    return [one for one in _processors(validator) if isinstance(one, _PUTS_IN)]


def _traverse(traverser: Any, node: Any) -> Any:
    """A validator's way through an expression. Which nodes it has to do with is asked once, not at each of them."""
    processors = traverser._processing_map()
    kinds = tuple(processors)
    has_hook = type(traverser).pre_processing_of_child is not DepthFirstTraverser.pre_processing_of_child
    known: dict[type, Callable[[Any], Any] | None] = {}

    def processor(kind: type) -> Callable[[Any], Any] | None:
        if kind not in known:
            known[kind] = next((processors[one] for one in kinds if issubclass(kind, one)), None)
        return known[kind]

    def walk(node: Any, place: int) -> Any:
        if not isinstance(node, Node):
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            if has_hook:
                traverser.pre_processing_of_child(node, number)
            if type(child) not in _LEAVES:
                walk(child, number)
        if process := processor(type(node)):
            node = process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    return walk(node, -1)


_LEAVES = frozenset({str, int, type(None)})
