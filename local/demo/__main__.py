"""`make demo-data`: records the history of the demo anew. It takes minutes."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from local.demo import history
from local.demo.plan import Plan
from local.demo.recorder import Recorder
from local.demo.recording import Recording
from local.stack import LocalStack


class _Recorded(Exception):
    """The stack has done what it was for, and need not serve anyone."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording


def record(until: datetime, done: Callable[[str], None] = lambda _: None) -> Recording:
    """Lets the real functions make the history up to that time."""

    def fill(stack: LocalStack) -> None:
        recorder = Recorder(stack, Plan(), until, done)
        recorder.run()
        raise _Recorded(recorder.recording)

    with TemporaryDirectory() as folder:
        stack = LocalStack(site=Path(folder) / "site", log_file=Path(folder) / "log", watch=False, fill=fill)
        try:
            stack.start()
        except _Recorded as recorded:
            return recorded.recording
    raise AssertionError("a stack that starts is filled first")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--days", type=int, help="record only this many days, and write no file: to try it out")
    only = parser.parse_args().days
    days: list[str] = []

    def done(day: str) -> None:
        days.append(day)
        if len(days) % 100 == 0:
            print(f"{len(days)} of {Plan().count} referrals, {day}", file=sys.stderr)

    if only:
        items = len(list(record(history.START + timedelta(days=only), done).lines()))
        print(f"Recorded {items} items of {len(days)} referrals. Nothing was written.")
        return
    history.write(record(history.END, done).lines())
    print(f"{history.FILE}: {history.FILE.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
