"""Run a command as if it were another date, in UTC: `python -m tools.dates "2027-02-28 23:59" COMMAND...`.

It is that date in every Python process that inherits PYTHONPATH, and in the pages of the browser tests. Time goes on
from there, waits keep their length, and files keep their real time stamps. Java, Chromium and Node keep the real clock:
libfaketime 0.9.10 makes them spin.

`--each COMMAND...` runs the command at every date of DATES, and reports how each run ended.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

DATES = {
    "sunday-night": "2027-02-28 23:59",
    "leap-day": "2028-02-29 12:00",
    "year-end": "2026-12-31 23:58",
    "summer-time": "2027-03-14 06:59",  # A minute later, New York's clocks go from 2:00 to 3:00.
    "approval-expired": "2027-12-01 15:00",
}
HOOK = Path(__file__).with_name("hook")
LOGS = Path("build/dates")


@contextmanager
def shifted(date: str) -> Iterator[Mapping[str, str]]:
    """The environment in which it is that date now."""
    ahead = (datetime.fromisoformat(date).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    # pytest removes the folders of earlier runs by their age: a shifted run would remove those of others.
    with tempfile.TemporaryDirectory(prefix="dates-") as temporary:
        yield {
            **os.environ,
            # This process may be at another date already.
            "CLOCK_AHEAD": str(ahead + float(os.environ.get("CLOCK_AHEAD", "0"))),
            "PYTHONPATH": os.pathsep.join([str(HOOK), os.environ.get("PYTHONPATH", "functions:.")]),
            "PYTEST_DEBUG_TEMPROOT": temporary,
        }


def run(name: str, command: Sequence[str]) -> bool:
    """Run the command at that date, its output in a file of its own. Return whether it succeeded."""
    log = LOGS / f"{name}.log"
    with shifted(DATES[name]) as environment, log.open("w", encoding="utf-8") as out:
        done = subprocess.run(command, env=environment, stdout=out, stderr=out, check=False)
    lines = log.read_text("utf-8").splitlines() or [""]
    print(f"{name:17} {DATES[name]:17} {lines[-1].strip('= ')}", flush=True)
    print("".join(f"    {line}\n" for line in lines if line.startswith(("FAILED", "ERROR "))), end="", flush=True)
    return done.returncode == 0


def main(words: Sequence[str]) -> int:
    first, *command = words
    if first == "--each":
        LOGS.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return 0 if all(list(pool.map(partial(run, command=command), DATES))) else 1
    with shifted(first) as environment:
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
