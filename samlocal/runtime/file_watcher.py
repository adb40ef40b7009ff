"""Watch folders for changed files."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchfiles import DefaultFilter, watch

Edited = Callable[[set[Path]], None]


class Watcher:
    """Calls `edited` with the files that changed below `folders`, in a background thread."""

    def __init__(self, folders: Iterable[Path], edited: Edited) -> None:
        self._folders = sorted({folder.resolve() for folder in folders if folder.exists()})
        self._edited = edited
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        for changes in watch(
            *self._folders,
            watch_filter=DefaultFilter(),
            debounce=200,
            step=25,
            stop_event=self._stopping,
            raise_interrupt=False,
        ):
            self._edited({Path(name) for _, name in changes})
