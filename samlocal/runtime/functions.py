"""Invoke the handlers in this process, as Lambda does."""

import contextvars
import json
import threading
import time
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any

from samlocal.runtime import function_code
from samlocal.runtime.function_code import Code, Handler, InvalidCode
from samlocal.runtime.terminal import Terminal, running
from samlocal.template.model import Function


class FunctionFailed(Exception):
    """The handler raised an error, timed out, or returned a value that is not JSON. The reason is already logged."""


@dataclass
class Context:
    """The context object, which Lambda passes as the second argument. `deadline` is in `time.monotonic` seconds."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    deadline: float
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None
    tenant_id: None = None

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Functions:
    """Runs one instance of each function. As in an execution environment of Lambda, it handles one event at a time."""

    def __init__(self, functions: Mapping[str, Function], code: Code, terminal: Terminal) -> None:
        self.code = code
        self._terminal = terminal
        self._functions = functions
        self._free = {name: threading.Lock() for name in functions}
        self._last_error = ""

    def replace(self, functions: Mapping[str, Function]) -> None:
        """Use the functions of an edited template."""
        self._free = {name: self._free.get(name) or threading.Lock() for name in functions}
        self._functions = functions

    def __getitem__(self, logical_id: str) -> Function:
        return self._functions[logical_id]

    def warm_up(self) -> None:
        """Import every handler in advance, so that the first event does not wait for the import."""
        for function in self._functions.values():
            self._load(function)

    def invoke(self, logical_id: str, event: Any) -> Any:
        """Invoke a function, and return its response as JSON data. Raise FunctionFailed or InvalidCode."""
        function = self._functions[logical_id]
        with self._free[logical_id]:
            handler = self._load(function)
            if handler is None:
                raise InvalidCode(function.handler)
            # Convert to JSON and back, because Lambda passes only JSON to handlers.
            return self._call(function, handler, json.loads(json.dumps(event)))

    def _load(self, function: Function) -> Handler | None:
        try:
            return self.code.handler(function.handler)
        except InvalidCode as broken:
            text = _traceback(broken.__cause__)
            # Report the same import error only once.
            if text != self._last_error:
                self._last_error = text
                self._terminal.say(f"{function.handler} can't be imported:\n{text}", "ERROR", function.short_name)
            return None

    def _call(self, function: Function, handler: Handler, event: Any) -> Any:
        context = Context(function.name, function.arn, function.memory, time.monotonic() + function.timeout)
        outcome: dict[str, Any] = {}
        where = contextvars.copy_context()
        where.run(running.set, function.short_name)
        run = partial(where.run, _run, handler, event, context, outcome)
        thread = threading.Thread(target=run, name=f"invoke-{function.short_name}", daemon=True)
        thread.start()
        thread.join(function.timeout)
        if "error" in outcome:
            self._fail(function, _traceback(outcome["error"]))
        if "answer" not in outcome:
            # Python can't stop the thread. Its result is ignored.
            self._fail(function, f"Task timed out after {function.timeout:.2f} seconds")
        return outcome["answer"]

    def _fail(self, function: Function, reason: str) -> None:
        self._terminal.say(reason, "ERROR", function.short_name)
        raise FunctionFailed(f"{function.short_name} failed")


def _run(handler: Handler, event: Any, context: Context, outcome: dict[str, Any]) -> None:
    try:
        outcome["answer"] = json.loads(json.dumps(handler(event, context)))
    except BaseException as error:  # noqa: BLE001  # in Lambda, even SystemExit ends only the execution environment
        outcome["error"] = error


def _traceback(error: BaseException | None) -> str:
    """Format the traceback without the frames of samlocal and importlib, so that it starts in the function's code."""
    if error is None:
        return ""
    own = error.__traceback__
    while own and _is_in_samlocal(own) and own.tb_next:
        own = own.tb_next
    return "".join(traceback.format_exception(type(error), error, own)).rstrip()


def _is_in_samlocal(frame: TracebackType) -> bool:
    file = frame.tb_frame.f_code.co_filename
    return file in {__file__, function_code.__file__} or "importlib" in file
