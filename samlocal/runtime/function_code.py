"""Import the code of the functions into this process, and unload it after an edit."""

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

Handler = Callable[[Any, Any], Any]


class InvalidCode(Exception):
    """The code can't be imported. The cause is the error of the import."""


class Code:
    """Manages the modules below `folders` while the stack runs. `stop` restores previously imported modules."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self.generation = 0
        self._saved: dict[str, ModuleType] = {}
        self._path: list[str] = []

    def start(self) -> None:
        self._path = list(sys.path)
        sys.path[:0] = [str(folder) for folder in self._folders if str(folder) not in sys.path]
        self._saved = self._drop()

    def stop(self) -> None:
        self._drop()
        sys.modules.update(self._saved)
        sys.path[:] = self._path

    def handler(self, dotted: str) -> Handler:
        """Return the function that the property `Handler` names. Raise InvalidCode if it can't be imported."""
        module, _, name = dotted.rpartition(".")
        with self._lock:
            try:
                found = getattr(importlib.import_module(module), name)
            except Exception as error:
                raise InvalidCode(dotted) from error
        return found  # type: ignore[no-any-return]

    def forget(self, edited: Iterable[Path] = ()) -> None:
        """Unload all modules after an edit. They are imported again on next use."""
        with self._lock:
            for file in edited:
                # Python compares only the time in seconds and the size, so it may use old bytecode after a quick edit.
                with suppress(OSError, ValueError, NotImplementedError):
                    Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
            self._drop()
            importlib.invalidate_caches()
        with self._changed:
            self.generation += 1
            self._changed.notify_all()

    def wait_for_edit(self, seen: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.generation != seen, seconds)

    def _drop(self) -> dict[str, ModuleType]:
        loaded = {name: module for name, module in list(sys.modules.items()) if self._is_in_folders(module)}
        for name in loaded:
            del sys.modules[name]
        return loaded

    def _is_in_folders(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        return bool(file) and any(Path(str(file)).is_relative_to(folder) for folder in self._folders)
