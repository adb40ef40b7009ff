"""Measure an engine under the local stack: `python -m bench.engines moto`.

Engines: `moto` (the built-in one), `dynamodb-local`, or the URL of a running server with DynamoDB. `--demo` loads the
sample data. Otherwise doctors are submitted, and the time ends with the last message.
docs/decisions/0008-engine-of-the-local-stack.md has the results.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.demo import fill
from local.stack import LocalStack
from referral_intake.aws.campaign_files import Campaigns
from tests.engines import dynamodb_local
from tests.support import proofs, samples
from tests.support.http_client import fetch

_DELIVERY_TIMEOUT = 300.0
_THREADS = 8
# The stack captures sys.stdout.
_OUT = sys.stdout


@contextmanager
def engine(name: str) -> Iterator[None]:
    if name == "moto":
        yield
    elif name == "dynamodb-local":
        with dynamodb_local.running() as url:
            os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = url
            yield
    else:
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = name
        yield


def memory() -> str:
    """MB of this process and, if there are any, of its child processes."""
    own = os.getpid()
    children = Path(f"/proc/{own}/task/{own}/children").read_text("utf-8").split()
    sizes = [_resident(Path("/proc") / process) for process in (str(own), *children)]
    return " + ".join(f"{size} MB" for size in sizes)


def _resident(process: Path) -> int:
    return int((process / "statm").read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def submit(stack: LocalStack, number: int) -> int:
    doctor = samples.doctor(name=f"Ada {_surname(number)}", email=f"ada{number}@hospital.example")
    campaign = Campaigns(Path(os.environ["TEMPLATES_DIR"])).names()[0]
    sent = samples.payload(campaign=campaign, doctor=doctor)
    return fetch(f"{stack.url}/api/referrals", "POST", proofs.with_proof_for_stack(stack, sent)).status


def _surname(number: int) -> str:
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    return f"Lo{letters}".title()


def submit_all(stack: LocalStack, count: int) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(lambda number: submit(stack, number), range(count)))
    if set(answers) != {201}:
        print(f"Answers: {Counter(answers)}", file=_OUT, flush=True)
    print(f"{answers.count(201)} of {count} accepted in {time.monotonic() - started:.1f} s", file=_OUT, flush=True)
    while len(stack.mailbox.all()) < answers.count(201) and time.monotonic() - started < _DELIVERY_TIMEOUT:
        time.sleep(0.2)
    print(
        f"{len(stack.mailbox.all())} messages after {time.monotonic() - started:.1f} s, {memory()}",
        file=_OUT,
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("engine")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--submissions", type=int, default=300)
    given = parser.parse_args()
    with TemporaryDirectory() as folder, engine(given.engine):
        started = time.monotonic()
        site, logs = Path(folder) / "site", Path(folder) / "log"
        options: dict[str, Any] = {"site": site, "log_file": logs, "watch": False, "out": StringIO()}
        with LocalStack(fill=fill if given.demo else None, **options) as stack:
            ready = time.monotonic() - started
            time.sleep(3)  # Until the handlers are imported.
            print(f"Ready in {ready:.1f} s, {memory()}", file=_OUT, flush=True)
            if not given.demo:
                submit_all(stack, given.submissions)


if __name__ == "__main__":
    main()
