"""Measure cold starts of the functions, as built by `sam build` and by `make build`: `python -m bench.cold_start`.

A measurement is from the start of a process to the end of its first invocation, with a simulated AWS that responds
immediately. For comparison, a function with a single boto3 put is measured too. The functions are built for this
machine and run with the runtime's version of Python. Use only the ratios, because the times in Lambda differ. The
column `SAM` is the output of `sam build`, `built` that of `make build`.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import aws_stub, first_events
from samlocal.template.model import Function, Template
from samlocal.template.reader import load
from samlocal.template.references import Places
from tests.support import samples
from tools.ship import __main__ as ship
from tools.ship import built, host

ROOT = Path(__file__).parents[1]
PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example", "UnapprovedContent": "send"}
RUNNER = Path(__file__).with_name("cold_runner.py")
BARE = "bare"


@dataclass(frozen=True, slots=True)
class Start:
    """A process to measure."""

    handler: str
    path: tuple[Path, ...]
    environment: Mapping[str, str]
    event: Mapping[str, Any]

    def milliseconds(self, python: str) -> float:
        given = json.dumps(self.event).encode()
        command = [python, "-P", str(RUNNER), self.handler, *map(str, self.path)]
        started = time.perf_counter()
        done = subprocess.run(command, input=given, env=self.environment, capture_output=True, timeout=60, check=False)
        took = 1000 * (time.perf_counter() - started)
        if done.returncode:
            raise SystemExit(f"{self.handler} failed:\n{done.stdout.decode()}{done.stderr.decode()}")
        return took


def main(runs: int, only: str | None) -> None:
    scratch = ROOT / ".cache" / "cold-start"
    python = host.python()
    folder = host.build(scratch)
    plain = scratch / "plain"
    shutil.rmtree(plain, ignore_errors=True)
    # Next to the build folder, because its template contains relative paths.
    shutil.copytree(folder, plain, copy_function=_link)
    ship.prepare(built.read(folder), python)
    with aws_stub.running() as aws:
        template = load(ROOT / "infra" / "template.yaml", PARAMETERS, Places("referral-intake", aws))
        before, after = (
            {name: start for name, start in _starts(template, built_to, aws) if only in {None, name} or name == BARE}
            for built_to in (plain, folder)
        )
        _report(_measured(before, python, runs), _measured(after, python, runs))


def _starts(template: Template, folder: Path, aws: str) -> Iterator[tuple[str, Start]]:
    events = first_events.by_function(PARAMETERS["SiteUrl"])
    functions = sorted(template.functions.values(), key=lambda function: function.logical_id)
    yield BARE, Start("bare_put.handler", (Path(__file__).parent, folder / "IntakeFunction"), _aws(aws), events[BARE])
    for function in functions:
        path = (folder / function.logical_id, folder / "ReportsLayer" / "python")
        yield (
            function.short_name,
            Start(function.handler, path, _environment(function, aws), events[function.short_name]),
        )


def _environment(function: Function, aws: str) -> dict[str, str]:
    """Return the environment of the function, with the endpoints of the simulated AWS."""
    own = {"TEMPLATES_DIR": str(samples.TEMPLATES), "AWS_LAMBDA_FUNCTION_NAME": function.name}
    registry = {"REGISTRY_URL": f"{aws}/api/"} if "REGISTRY_URL" in function.environment else {}
    return {**function.environment, **_aws(aws), **own, **registry}


def _aws(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        # In Lambda, the folder of the code is read-only, so bytecode that is compiled at a start is not stored.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _measured(starts: Mapping[str, Start], python: str, runs: int) -> dict[str, float]:
    """Return the median times in milliseconds. The first run of each only warms the file cache and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in starts}
    for run in range(runs + 1):
        # Alternate between the functions, so that the load of the machine affects all equally.
        for name, start in starts.items():
            took = start.milliseconds(python)
            times[name] += [took] if run else []
    return {name: statistics.median(taken) for name, taken in times.items()}


def _link(source: str, target: str) -> None:
    """Create a hard link, which is faster than a copy. This is safe, because files are only added or removed later."""
    Path(target).hardlink_to(source)


def _report(before: Mapping[str, float], after: Mapping[str, float]) -> None:
    print(f"{'ms':12}{'SAM':>8}{'built':>8}{'ratio':>8}{'times bare':>13}")
    for name in after:
        ratio, times = before[name] / after[name], after[name] / after[BARE]
        print(f"{name:12}{before[name]:8.0f}{after[name]:8.0f}{ratio:8.2f}{times:13.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Cold starts of the built functions.")
    parser.add_argument("--runs", type=int, default=7, help="of each, after one that does not count (default: 7)")
    parser.add_argument("--only", metavar="FUNCTION", help="measure one function, such as intake (default: all)")
    given = parser.parse_args()
    main(given.runs, given.only)
