"""Sees every call that a function makes of AWS, whichever test makes it do so, and whether its role allows it.

It stands at botocore's own hook for the parameters of a call, so a new call, and an address that is signed for somebody
else to follow, are seen by themselves. Whose call it is, the stack says: the door that it came through is on it.
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
from tests.rights.calls import Asked, Keys, partition_keys
from tests.rights.policies import Ask, Unknown, allowing
from tests.rights.roles import Roles

ENTRY_POINT = re.compile(r"referral_intake\.\w+\.handler")


@dataclass(frozen=True, slots=True)
class Seen:
    """A function, by its logical id, and what it asked for."""

    function: str
    ask: Ask

    def __str__(self) -> str:
        return f"{self.function}: {self.ask}"


@dataclass
class Recorder:
    """`seen` is what was asked for since it was last collected, `denied` what of it no role allows.

    `find_roles` takes seconds, and is called when a function does something for the first time.
    """

    template: Template
    find_roles: Callable[[], Roles]
    seen: set[Seen] = field(default_factory=set)
    denied: set[Seen] = field(default_factory=set)

    @cached_property
    def roles(self) -> Roles:
        return self.find_roles()

    @cached_property
    def _doors(self) -> dict[str, Function]:
        return {function.handler: function for function in self.template.functions.values()}

    @cached_property
    def _keys(self) -> Keys:
        return dict(partition_keys(self.template))

    def __call__(self, params: dict[str, Any], model: Any, **_: object) -> None:
        function = self._doors.get(door() or "")
        if function is None:
            return  # A test's own, or a command's.
        asked, service = Asked(self._keys, _names(function)), model.service_model.service_name
        try:
            asks = asked.by(service, model.name, params)
        except Unknown as unknown:
            # Denied, since nothing allows it: an error raised here would be one of the function's own.
            asks = [Ask(f"{service}:{model.name}", str(unknown))]
        for ask in asks:
            self._take(Seen(function.logical_id, ask))

    def _take(self, seen: Seen) -> None:
        if seen not in self.seen:
            self.seen.add(seen)
            if not allowing(self.roles[seen.function], seen.ask):
                self.denied.add(seen)

    @contextmanager
    def collecting(self) -> Iterator[set[Seen]]:
        """What is asked for in here, whatever was before."""
        before, self.seen = self.seen, set()
        try:
            yield self.seen
        finally:
            self.seen = before | self.seen


def watch(recorder: Recorder) -> None:
    """From now on, in this process, for every session that is made."""
    botocore.handlers.BUILTIN_HANDLERS.append(("before-parameter-build", recorder))
    start = threading.Thread.start

    def starting(thread: threading.Thread) -> None:
        vars(thread)["door"] = door()
        start(thread)

    # What a function's threads do, it does.
    threading.Thread.start = starting  # type: ignore[assignment,method-assign]


def door() -> str | None:
    """The handler that is being run, as the template names it. None where a test that it runs in looks for itself."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        module = frame.f_globals.get("__name__", "")
        if ENTRY_POINT.fullmatch(module) or module == "referral_intake.web.origin_check":
            if frame.f_code.co_name == "handler" and ENTRY_POINT.fullmatch(module):
                return f"{module}.handler"
            # What stands before a door belongs to it: a decorator of ours that has not called it yet.
            before = getattr(frame.f_locals.get("handler"), "__module__", "")
            if ENTRY_POINT.fullmatch(before):
                return f"{before}.handler"
        if module.startswith(("tests.", "bench.")) and module != __name__:
            return None
        frame = frame.f_back
    started_by: str | None = vars(threading.current_thread()).get("door")
    return started_by


def _names(function: Function) -> dict[str, str]:
    """What the template calls the things that a test has given the function, by their names in the test."""
    deployed = function.environment.items()
    return {os.environ[variable]: value for variable, value in deployed if variable in os.environ}
