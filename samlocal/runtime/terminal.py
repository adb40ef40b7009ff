"""Print the JSON log lines of the functions in readable form, and write the raw lines to a file."""

import io
import json
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

# The function that this thread invokes.
running: ContextVar[str] = ContextVar("running", default="")

_COLOURS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "31;1"}
# Fields that are printed in another form, or are not useful on a terminal.
HIDDEN = frozenset({"exception", "exception_name", "level", "location", "message", "stack_trace", "timestamp"})
HIDDEN |= {"cold_start", "function_arn", "function_memory_size", "function_name", "function_request_id"}
HIDDEN |= {"sampling_rate", "service", "xray_trace_id"}


class Terminal:
    """Writes readable lines to `out`, and raw JSON lines to a file."""

    def __init__(self, out: TextIO, log_file: Path) -> None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file = log_file
        self._out = out
        self._file = log_file.open("w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self._partial = threading.local()
        # The newest raw lines, each with its source. The service name that a Logger writes is wrong here, because the
        # functions share one process.
        self.recent: deque[tuple[str, str]] = deque(maxlen=300)
        self._coloured = out.isatty() and not os.environ.get("NO_COLOR")
        self._is_hushed = False

    def close(self) -> None:
        with self._lock:
            self._file.close()

    @contextmanager
    def silenced(self) -> Iterator[None]:
        """Write to the file only."""
        self._is_hushed = True
        try:
            yield
        finally:
            self._is_hushed = False

    def write(self, text: str) -> None:
        """Write the output of functions. Incomplete lines are kept per thread, so that lines do not mix."""
        *lines, rest = (getattr(self._partial, "text", "") + text).split("\n")
        self._partial.text = rest
        for line in lines:
            self._emit(self._readable(line), line, running.get())

    def say(self, message: str, level: str = "INFO", source: str = "local") -> None:
        """Log a message of the local stack itself. It may have several lines."""
        raw = {"timestamp": _timestamp(), "level": level, "service": source, "message": message}
        self._emit(self._line(level, source, message), json.dumps(raw), source)

    def access(self, method: str, path: str, status: int, milliseconds: float) -> None:
        level = "ERROR" if status >= 500 else "INFO"
        text = f"{self._now()} {self._paint('1', method)} {path} {self._status(status)} {milliseconds:.0f} ms"
        raw = {"timestamp": _timestamp(), "level": level, "service": "http", "message": f"{method} {path} {status}"}
        self._emit(text, json.dumps({**raw, "milliseconds": round(milliseconds)}), "http")

    def plain(self, text: str) -> None:
        """Write to the terminal only."""
        self._emit(text, None, "")

    def _emit(self, text: str, raw: str | None, source: str) -> None:
        with self._lock:
            if raw is not None and not self._file.closed:
                self._file.write(raw + "\n")
                self.recent.append((source, raw))
            if not self._is_hushed:
                self._out.write(text + "\n")
                self._out.flush()

    def _readable(self, line: str) -> str:
        try:
            record = json.loads(line)
        except ValueError:
            return line
        if not isinstance(record, dict):
            return line
        return self._metrics(record) if "_aws" in record else self._logged(record)

    def _logged(self, record: dict[str, Any]) -> str:
        message = record.get("message", "")
        text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
        details = "  ".join(f"{name}={_short(value)}" for name, value in record.items() if name not in HIDDEN)
        source = running.get() or str(record.get("function_name") or record.get("service") or "")
        line = self._line(str(record.get("level", "INFO")), source, f"{text}  {self._paint('2', details)}".rstrip())
        return f"{line}\n{self._indented(record['exception'])}" if record.get("exception") else line

    def _metrics(self, record: dict[str, Any]) -> str:
        names = [m["Name"] for group in record["_aws"].get("CloudWatchMetrics", []) for m in group.get("Metrics", [])]
        values = "  ".join(f"{name}={_short(record.get(name))}" for name in names)
        return self._paint("2", f"{self._now()} METRIC {running.get():<9} {values}".rstrip())

    def _line(self, level: str, source: str, message: str) -> str:
        first, *more = message.split("\n")
        painted = self._paint(_COLOURS.get(level, "0"), f"{level:<7}")
        head = f"{self._now()} {painted} {self._paint('36', f'{source:<9}')} {first}"
        return "\n".join([head, *("    " + line for line in more)])

    def _indented(self, text: str) -> str:
        return "\n".join("    " + line for line in text.splitlines())

    def _status(self, status: int) -> str:
        return self._paint("31" if status >= 500 else "33" if status >= 400 else "32", str(status))

    def _now(self) -> str:
        return self._paint("2", datetime.now().astimezone().strftime("%H:%M:%S"))

    def _paint(self, colour: str, text: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._coloured and text else text


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Output(io.TextIOBase):
    """Replaces sys.stdout. There is one instance per process, because a Logger keeps its first stream."""

    encoding = "utf-8"
    terminal: Terminal | None = None

    def write(self, text: str) -> int:
        if self.terminal:
            self.terminal.write(text)
        elif sys.__stdout__:
            sys.__stdout__.write(text)
        return len(text)

    def writable(self) -> bool:
        return True


_OUTPUT = _Output()


class Capture:
    """Redirects sys.stdout to a terminal until `stop`."""

    def __init__(self, terminal: Terminal) -> None:
        self._before = sys.stdout
        _OUTPUT.terminal = terminal
        sys.stdout = _OUTPUT

    def stop(self) -> None:
        _OUTPUT.terminal = None
        # Other code, such as pytest, may have replaced sys.stdout meanwhile.
        if sys.stdout is _OUTPUT:
            sys.stdout = self._before
