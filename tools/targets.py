"""Run targets of the Makefile in their short form: `python -m tools.targets TARGET...`, or `make targets`.

Servers are started, requested for their pages, and stopped. Exits with 1 if a target fails or changes a file that git
tracks. Prints the time of each target.
"""

import hashlib
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from urllib.request import ProxyHandler, build_opener

SERVERS = {"run", "demo"}
LIMIT_SECONDS = 900
READY = re.compile(r"^ +Query ", re.MULTILINE)
DASHBOARD = re.compile(r"http://\S+/dashboard/")


class Failed(Exception):
    """A target failed. The message gives the reason."""


def main(targets: list[str]) -> int:
    times: dict[str, tuple[float, float]] = {}
    try:
        for target in targets:
            print(f"\n---- make {target}", flush=True)
            times[target] = _timed(target)
    except Failed as error:
        print(f"make {target} failed: {error}", file=sys.stderr)
        return 1
    finally:
        _print_times(times)
    return 0


def _timed(target: str) -> tuple[float, float]:
    started, used = time.monotonic(), _processor_seconds()
    _execute(target)
    return time.monotonic() - started, _processor_seconds() - used


def _print_times(times: Mapping[str, tuple[float, float]]) -> None:
    print(f"\n{'target':12}{'seconds':>10}{'processor seconds':>20}")
    for target, (wall, processor) in times.items():
        print(f"{target:12}{wall:10.1f}{processor:20.1f}")
    print(f"{'total':12}{sum(wall for wall, _ in times.values()):10.1f}{sum(p for _, p in times.values()):20.1f}")


def _execute(target: str) -> None:
    before = _tracked_files()
    if target in SERVERS:
        _serve(target)
    else:
        _run(target)
    if _tracked_files() != before:
        raise Failed("it changed files that git tracks: see git diff")


def _run(target: str) -> None:
    try:
        done = subprocess.run(["make", "SHORT=1", target], timeout=LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"it did not end within {LIMIT_SECONDS} s") from error
    if done.returncode:
        raise Failed(f"exit code {done.returncode}")


def _serve(target: str) -> None:
    # In a new session, so that a signal stops the whole process group, as Ctrl-C does in a terminal.
    command = ["make", "SHORT=1", target, "PORT=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        watchdog = threading.Timer(LIMIT_SECONDS, _signal, (process, signal.SIGKILL))
        watchdog.start()
        try:
            said = _read_until_ready(process)
            url = DASHBOARD.findall(said)[0]
            for address in (url.removesuffix("dashboard/"), url):
                _fetch(address)
            _signal(process, signal.SIGINT)
            process.communicate()
            if _signal(process, 0):
                raise Failed("Ctrl-C left processes behind")
        finally:
            watchdog.cancel()
            _signal(process, signal.SIGKILL)


def _read_until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    said = ""
    while not READY.search(said):
        line = process.stdout.readline()
        if not line:
            raise Failed("it ended before it was ready")
        print(line, end="", flush=True)
        said += line
    return said


def _fetch(address: str) -> None:
    try:
        # Bypass any proxy, because the server runs on this machine.
        with build_opener(ProxyHandler({})).open(address, timeout=LIMIT_SECONDS) as answer:
            print(f"{answer.status} {address}", flush=True)
    except OSError as error:
        raise Failed(f"{address}: {error}") from error


def _signal(process: subprocess.Popen[str], number: int) -> bool:
    """Send a signal to the process group. Return whether the group still exists."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def _tracked_files() -> str:
    """Return a digest of all uncommitted changes, to compare it before and after a target."""
    # Outside a git clone, such as in an unpacked archive, the digest never changes.
    done = subprocess.run(["git", "diff", "HEAD"], capture_output=True, check=False)
    return hashlib.sha256(done.stdout).hexdigest()


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
