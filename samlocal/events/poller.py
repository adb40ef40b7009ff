"""Define the base class of event sources: a thread that polls until it is stopped."""

import threading
import traceback
from abc import ABC, abstractmethod
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samlocal.runtime.change_signal import ChangeSignal
from samlocal.runtime.function_code import InvalidCode
from samlocal.runtime.functions import Functions
from samlocal.runtime.terminal import Terminal

_AFTER_ERROR = 1.0


class Stopped(Exception):
    """The stack is stopping, so the current work must end."""


class Poller(ABC):
    """A polling thread. After a poll without work, it waits up to `idle` seconds, or until `activity` is notified."""

    def __init__(
        self, name: str, functions: Functions, terminal: Terminal, activity: ChangeSignal, idle: float
    ) -> None:
        self.name = name
        self.functions = functions
        self.terminal = terminal
        self._activity = activity
        self._idle = idle
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def poll(self) -> bool:
        """Process the available work, and return whether there was any."""

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._activity.notify()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def pause(self, seconds: float) -> None:
        """Wait. Raise Stopped if the stack is stopping."""
        if self._stopping.wait(seconds):
            raise Stopped

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function. If its code can't be imported, wait for an edit instead of failing the event.

        Raise FunctionFailed, or Stopped if the stack is stopping.
        """
        while not self._stopping.is_set():
            seen = self.functions.code.generation
            try:
                return self.functions.invoke(function, event)
            except InvalidCode:
                self.functions.code.wait_for_edit(seen, 0.5)
        raise Stopped

    def _run(self) -> None:
        logged = ""
        while not self._stopping.is_set():
            seen = self._activity.count
            try:
                if not self.poll():
                    self._activity.wait(seen, self._idle)
                logged = ""
            except Stopped:
                return
            except (ClientError, BotoCoreError) as error:
                # An external engine may stop and start again.
                logged = self._log_once(str(error), logged)
            except Exception:  # noqa: BLE001  # if the thread ended, events would be lost without an error
                logged = self._log_once(traceback.format_exc().rstrip(), logged)

    def _log_once(self, problem: str, logged: str) -> str:
        """Log the problem unless it is the same as `logged`, wait, and return the problem."""
        if not self._stopping.is_set() and problem != logged:
            self.terminal.say(f"{self.name}: {problem}", "WARNING")
        self._stopping.wait(_AFTER_ERROR)
        return problem
