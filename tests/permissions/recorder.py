"""Records every AWS call of a function in any test, and whether its role allows the call.

Uses botocore's hook for the parameters of a call, so it covers new calls and presigned URLs without any change. The
stack shows which function made the call: it contains the handler.
"""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import FrameType
from typing import Any

import botocore.handlers

from samlocal.template.model import Function, Template
from tests.permissions.calls import Keys, RequestMapper, partition_keys
from tests.permissions.policies import Request, Unsupported, allowing
from tests.permissions.roles import Roles

ENTRY_POINT = re.compile(r"referral_intake\.\w+\.handler")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A function, by its logical id, and its request."""

    function: str
    request: Request

    def __str__(self) -> str:
        return f"{self.function}: {self.request}"


@dataclass
class Recorder:
    """`recorded` are the requests since the last collection, `denied` those that the role does not allow.

    `find_roles` takes seconds. It is called at the first call of a function.
    """

    template: Template
    find_roles: Callable[[], Roles]
    recorded: set[RecordedRequest] = field(default_factory=set)
    denied: set[RecordedRequest] = field(default_factory=set)

    @cached_property
    def roles(self) -> Roles:
        return self.find_roles()

    @cached_property
    def _functions_by_handler(self) -> dict[str, Function]:
        return {function.handler: function for function in self.template.functions.values()}

    @cached_property
    def _keys(self) -> Keys:
        return dict(partition_keys(self.template))

    def __call__(self, params: dict[str, Any], model: Any, **_: object) -> None:
        function = self._functions_by_handler.get(running_handler() or "")
        if function is None:
            return  # A call by a test or a command.
        mapper, service = RequestMapper(self._keys, _names(function)), model.service_model.service_name
        try:
            requests = mapper.requests_for(service, model.name, params)
        except Unsupported as unknown:
            # Recorded as denied. An exception here would appear as an error of the function.
            requests = [Request(f"{service}:{model.name}", str(unknown))]
        for request in requests:
            self._process(RecordedRequest(function.logical_id, request))

    def _process(self, recorded: RecordedRequest) -> None:
        if recorded not in self.recorded:
            self.recorded.add(recorded)
            if not allowing(self.roles[recorded.function], recorded.request):
                self.denied.add(recorded)

    @contextmanager
    def collecting(self) -> Iterator[set[RecordedRequest]]:
        """The requests in this context only."""
        before, self.recorded = self.recorded, set()
        try:
            yield self.recorded
        finally:
            self.recorded = before | self.recorded


def watch(recorder: Recorder) -> None:
    """Records all sessions that are created in this process from now on."""
    botocore.handlers.BUILTIN_HANDLERS.append(("before-parameter-build", recorder))
    start = threading.Thread.start

    def starting(thread: threading.Thread) -> None:
        vars(thread)["handler"] = running_handler()
        start(thread)

    # Assigns the calls of a thread to the function that started it.
    threading.Thread.start = starting  # type: ignore[assignment,method-assign]


def running_handler() -> str | None:
    """The running handler, as named in the template. None if the test itself makes the call."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        module = frame.f_globals.get("__name__", "")
        if ENTRY_POINT.fullmatch(module) or module == "referral_intake.web.origin_check":
            if frame.f_code.co_name == "handler" and ENTRY_POINT.fullmatch(module):
                return f"{module}.handler"
            # A decorator that has not called its handler yet belongs to that handler.
            before = getattr(frame.f_locals.get("handler"), "__module__", "")
            if ENTRY_POINT.fullmatch(before):
                return f"{before}.handler"
        if module.startswith(("tests.", "bench.")) and module != __name__:
            return None
        frame = frame.f_back
    started_by: str | None = vars(threading.current_thread()).get("handler")
    return started_by


def _names(function: Function) -> dict[str, str]:
    """Names of resources in the template, by their names in the test."""
    deployed = function.environment.items()
    return {os.environ[variable]: value for variable, value in deployed if variable in os.environ}
