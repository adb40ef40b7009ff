"""Slow down all threads of a browser's pages, including those that compute the proof of work. Linux only.

CPU throttling in Chromium (Emulation.setCPUThrottlingRate) affects only the main thread, where the proof of work does
not run. So the renderer processes are stopped and continued many times a second.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_SLICE = 0.01


@contextlib.contextmanager
def slowed(times: float) -> Iterator[None]:
    """Let all pages of all browsers of this process run only 1/`times` of the time."""
    over = threading.Event()
    pages = [pid for pid in _descendants(os.getpid()) if b"--type=renderer" in _command(pid)]
    thread = threading.Thread(target=_slow_down, args=(pages, times, over), daemon=True)
    if times > 1:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if times > 1:
            thread.join()


def _slow_down(pids: list[int], times: float, over: threading.Event) -> None:
    ran = _SLICE
    while not over.is_set():
        _send(pids, signal.SIGSTOP)
        # Scale the pause with the measured run time, because sleeps take longer than requested.
        time.sleep(ran * (times - 1))
        _send(pids, signal.SIGCONT)
        started = time.perf_counter()
        time.sleep(_SLICE)
        ran = time.perf_counter() - started


def _send(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def _descendants(pid: int) -> list[int]:
    children = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _parent(path) == pid]
    return children + [further for child in children for further in _descendants(child)]


def _parent(stat: Path) -> int | None:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
