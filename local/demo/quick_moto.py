"""moto, where most of the time goes: the same answers, without what nobody here looks at."""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]
from moto.dynamodb.responses import DynamoHandler

_serialized = DynamoHandler.serialized


@contextmanager
def quick_moto() -> Iterator[None]:
    """For as long as it lasts."""
    with ExitStack() as patched:
        patched.enter_context(patch.object(DynamoHandler, "serialized", _as_json))
        patched.enter_context(patch.object(DepthFirstTraverser, "traverse", _traverse))
        patched.callback(gc.set_threshold, *gc.get_threshold())
        # A tenth of the time: what moto makes is thrown away at once, or kept for good.
        gc.set_threshold(200_000, 20, 100)
        yield


def _as_json(handler: Any, result: ActionResult) -> Any:
    """What DynamoDB's own protocol makes of a good answer, without asking its model for each of its members."""
    if not isinstance(result.result, dict):
        return _serialized(handler, result)
    return 200, {**handler.response_headers, "Content-Type": "application/x-amz-json-1.0"}, json.dumps(result.result)


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
