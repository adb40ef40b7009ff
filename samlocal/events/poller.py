"""What the event sources share: a thread that looks for work until it is told to stop."""

import threading
import traceback
from abc import ABC, abstractmethod
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samlocal.runtime.change_signal import ChangeSignal
from samlocal.runtime.function_code import CodeBroken
from samlocal.runtime.functions import Functions
from samlocal.runtime.terminal import Terminal

_AFTER_ERROR = 1.0


class Stopped(Exception):
    """The stack stops in the middle of something."""


class Poller(ABC):
    """`idle` is how long to wait at most when there was nothing; a write to the embedded AWS ends the wait."""

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
        """Does what there is to do; False when there was nothing."""

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._activity.notify()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def pause(self, seconds: float) -> None:
        """Raises Stopped when it is time to go."""
        if self._stopping.wait(seconds):
            raise Stopped

    def invoke(self, function: str, event: Any) -> Any:
        """Code that can't be imported waits for the next edit: it is no failure of the event's."""
        while not self._stopping.is_set():
            seen = self.functions.code.generation
            try:
                return self.functions.invoke(function, event)
            except CodeBroken:
                self.functions.code.wait_for_edit(seen, 0.5)
        raise Stopped

    def _run(self) -> None:
        told = ""
        while not self._stopping.is_set():
            seen = self._activity.count
            try:
                if not self.poll():
                    self._activity.wait(seen, self._idle)
                told = ""
            except Stopped:
                return
            except (ClientError, BotoCoreError) as error:
                # An engine of the developer's own may come and go.
                told = self._tell(str(error), told)
            except Exception:  # noqa: BLE001  # a thread that dies would lose events in silence
                told = self._tell(traceback.format_exc().rstrip(), told)

    def _tell(self, problem: str, told: str) -> str:
        """Once for as long as it stays the same."""
        if not self._stopping.is_set() and problem != told:
            self.terminal.say(f"{self.name}: {problem}", "WARNING")
        self._stopping.wait(_AFTER_ERROR)
        return problem
