"""Record the history of the demo again (`make demo-data`). This takes minutes."""

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


class _RecordingDone(Exception):
    """Stops the start of the stack after the recording, because the stack need not serve requests."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording


def record(until: datetime, done: Callable[[str], None] = lambda _: None) -> Recording:
    """Record the history up to `until` with the real functions. `done` is called with the day of each referral."""

    def fill(stack: LocalStack) -> None:
        recorder = Recorder(stack, Plan(), until, done)
        recorder.run()
        raise _RecordingDone(recorder.recording)

    with TemporaryDirectory() as folder:
        timing = {"IntroductionTiming": "scheduled"}
        stack = LocalStack(
            site=Path(folder) / "site", log_file=Path(folder) / "log", watch=False, fill=fill, parameters=timing
        )
        try:
            stack.start()
        except _RecordingDone as recorded:
            return recorded.recording
    raise AssertionError("the stack started without calling fill")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--days", type=int, help="record only this many days, as a trial, and write no file")
    only = parser.parse_args().days
    days: list[str] = []

    def done(day: str) -> None:
        days.append(day)
        if len(days) % 100 == 0:
            print(f"{len(days)} of {Plan().count} referrals, {day}", file=sys.stderr)

    if only:
        items = len(list(record(history.START + timedelta(days=only), done).lines()))
        print(f"Recorded {items} items of {len(days)} referrals. No file was written.")
        return
    history.write(record(history.END, done).lines())
    print(f"{history.FILE}: {history.FILE.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
