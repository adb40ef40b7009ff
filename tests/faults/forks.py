"""Forks of this process: from one moment on, the same world goes on in several ways, each in a process of its own."""

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


class Forks:
    """At most as many at once as there are processors. Only for a process that has no threads: a fork has one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: set[int] = set()
        self._made: list[str] = []
        self.is_fork = False

    def fork(self, name: str) -> bool:
        """Whether this is the fork. A fork must come to its `end`."""
        if (tests := parent_process()) and not tests.is_alive():
            os._exit(1)  # Nobody waits for the result any more.
        if len(self._running) >= COUNT:
            self._wait_for_one()
        self._made.append(name)
        pid = os.fork()
        if pid:
            self._running.add(pid)
            return False
        self.is_fork = True
        # It does not live long enough to be worth a collection, and each page that is written to is copied.
        gc.disable()
        return True

    def end(self, told: Any) -> NoReturn:
        """The fork ends here, and leaves behind what it has to tell."""
        try:
            self._file(len(self._made)).write_text(json.dumps(told))
        finally:
            os._exit(0)

    def told(self) -> Iterator[tuple[str, Any]]:
        """What each fork had to tell, by name; None of one that died."""
        while self._running:
            self._wait_for_one()
        for number, name in enumerate(self._made, 1):
            file = self._file(number)
            yield name, json.loads(file.read_text()) if file.exists() else None

    def _wait_for_one(self) -> None:
        pid, _ = os.wait()
        self._running.discard(pid)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.json"


@contextmanager
def forking() -> Iterator[Forks]:
    # What is here already is not looked at again: a collection would copy every page of it into every fork.
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        forks = Forks(Path(folder))
        try:
            yield forks
        finally:
            if forks.is_fork:
                os._exit(1)  # It lost its way, and may not go on as if it were the first.
    gc.unfreeze()
