"""Run a command as if it were another date: `python -m tools.dates "2027-02-28 23:59" COMMAND...`, times in UTC.

libfaketime shifts the clock of the command and of every process that it starts: Python, Chromium, Java and Node. Waits
and timeouts keep their length, since the monotonic clock is left alone. The time stamps of files stay real.

`--each COMMAND...` runs the command at every date of DATES, and reports each.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

DATES = {
    "today": "",
    "sunday-night": "2027-02-28 23:59",
    "leap-day": "2028-02-29 12:00",
    "year-end": "2026-12-31 23:58",
    "summer-time": "2027-03-14 06:59",  # In New York, clocks go from 2:00 to 3:00 one minute later.
    "approval-expired": "2027-12-01 15:00",
}
LOGS = Path("build/dates")


class NotShifted(Exception):
    """The clock can't be shifted on this machine. The message is for people."""


def shifted(date: str) -> Mapping[str, str]:
    """The environment in which it is that date now. Raises NotShifted."""
    if not date:
        return os.environ
    ahead = round((datetime.fromisoformat(date).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds())
    # An offset and no start time: with a start time, each new process would begin at it.
    environment = {
        **os.environ,
        "LD_PRELOAD": str(_library()),
        "FAKETIME": f"{ahead:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    _check(environment, ahead)
    return environment


def _library() -> Path:
    # The wheel, not Debian's package: that one's time.sleep fails on Python 3.11 (libfaketime issue 426).
    if not (found := find_spec("libfaketime")) or not found.origin:
        raise NotShifted("The package libfaketime is missing: make .cache/dev.stamp")
    return Path(found.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"


def _check(environment: Mapping[str, str], ahead: int) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(0.01); print(time.time())"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    now = datetime.now(UTC).timestamp()
    if told.returncode or abs(float(told.stdout) - now - ahead) > 60:
        raise NotShifted(f"libfaketime does not shift the clock here (it needs Linux on x86-64). {told.stderr}")


def run(name: str, command: Sequence[str]) -> bool:
    """Run the command at the date of that name, its output in a file of its own. Return whether it succeeded."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    # pytest removes the folders of earlier runs by their age: a shifted run would remove those of others.
    environment = {**shifted(DATES[name]), "PYTEST_DEBUG_TEMPROOT": str(folder_of(name))}
    with log.open("w", encoding="utf-8") as out:
        succeeded = subprocess.run(command, env=environment, stdout=out, stderr=out, check=False).returncode == 0
    lines = log.read_text("utf-8").splitlines() or [""]
    print(f"{name:17} {DATES[name] or 'now':17} {lines[-1].strip('= ')}", flush=True)
    print("".join(f"    {line}\n" for line in lines if line.startswith(("FAILED", "ERROR"))), end="", flush=True)
    return succeeded


def folder_of(name: str) -> Path:
    folder = (LOGS / "tmp" / name).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main(words: Sequence[str]) -> int:
    first, *command = words
    try:
        if first == "--each":
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return 0 if all(list(pool.map(lambda name: run(name, command), DATES))) else 1
        environment = {**shifted(first), "PYTEST_DEBUG_TEMPROOT": str(folder_of("one"))}
    except NotShifted as error:
        print(error, file=sys.stderr)
        return 1
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
