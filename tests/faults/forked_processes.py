"""Forks this process, so that a simulation continues in several ways from the same state."""

import gc
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, NoReturn

COUNT = os.cpu_count() or 1


class ForkedProcesses:
    """Runs at most one fork per processor. Requires a process without threads, because a fork keeps only one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: set[int] = set()
        self._made: list[str] = []
        self.is_fork = False

    def fork(self, name: str) -> bool:
        """Whether this process is the fork. A fork must call `end`."""
        if (tests := parent_process()) and not tests.is_alive():
            os._exit(1)  # The parent process ended, so the result is not needed.
        if len(self._running) >= COUNT:
            self._wait_for_any()
        self._made.append(name)
        pid = os.fork()
        if pid:
            self._running.add(pid)
            return False
        self.is_fork = True
        # A fork ends soon, so a collection is not worth the memory pages that it would copy.
        gc.disable()
        return True

    def end(self, outcome: Any) -> NoReturn:
        """Ends the fork and saves its result."""
        try:
            self._file(len(self._made)).write_text(json.dumps(outcome))
        finally:
            os._exit(0)

    def outcomes(self) -> Iterator[tuple[str, Any]]:
        """The result of each fork, by name. None for one that crashed."""
        while self._running:
            self._wait_for_any()
        for number, name in enumerate(self._made, 1):
            file = self._file(number)
            yield name, json.loads(file.read_text()) if file.exists() else None

    def _wait_for_any(self) -> None:
        pid, _ = os.wait()
        self._running.discard(pid)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.json"


@contextmanager
def forked_processes() -> Iterator[ForkedProcesses]:
    # Excludes existing objects from collections, which would copy each memory page into every fork.
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        forks = ForkedProcesses(Path(folder))
        try:
            yield forks
        finally:
            if forks.is_fork:
                os._exit(1)  # The fork left its path through an exception and must not continue as the parent.
    gc.unfreeze()
