"""Run a command with a different date, in UTC: `python -m tools.dates "2027-02-28 23:59" COMMAND...`.

The date applies to every Python process that inherits PYTHONPATH, and to the pages of the browser tests. The clock runs
from this date, waits keep their length, and files keep their real time stamps. Java, Chromium and Node keep the real
clock, because libfaketime 0.9.10 causes busy loops in them.

`--each COMMAND...` runs the command at every date of DATES, and reports the result of each run.
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
    "summer-time": "2027-03-14 06:59",  # A minute later, daylight saving time starts in New York.
    "approval-expired": "2027-12-01 15:00",
}
HOOK = Path(__file__).with_name("hook")
LOGS = Path("build/dates")


@contextmanager
def shifted(date: str) -> Iterator[Mapping[str, str]]:
    """Yield the environment variables that set the date for a process."""
    ahead = (datetime.fromisoformat(date).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    # pytest removes temporary folders by age, so a run at a later date would remove those of parallel runs.
    with tempfile.TemporaryDirectory(prefix="dates-") as temporary:
        yield {
            **os.environ,
            # The date of this process may be shifted already.
            "CLOCK_AHEAD": str(ahead + float(os.environ.get("CLOCK_AHEAD", "0"))),
            "PYTHONPATH": os.pathsep.join([str(HOOK), os.environ.get("PYTHONPATH", "functions:.")]),
            "PYTEST_DEBUG_TEMPROOT": temporary,
        }


def run(name: str, command: Sequence[str]) -> bool:
    """Run the command at the named date, with its output in a log file. Return whether it succeeded."""
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
        # One more than processors, because the tests also wait.
        with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
            return 0 if all(list(pool.map(partial(run, command=command), DATES))) else 1
    with shifted(first) as environment:
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
