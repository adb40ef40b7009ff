"""Cold starts of the built functions, with and without what `make build` does: `python -m bench.cold_start`.

From the start of a process to the end of its first invocation, which calls an AWS that answers at once. Beside them a
bare boto3 put, packaged the same way. Built for this machine and run on the runtime's version of Python; it is not
Lambda: trust the ratios, not the milliseconds. `SAM` is as `sam build` leaves it, `built` as `make build` does.
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
from tools.ship import __main__ as ship
from tools.ship import built, host

ROOT = Path(__file__).parents[1]
PARAMETERS = {"SenderAddress": "hello@spine.example", "SiteUrl": "https://spine.example", "UnapprovedContent": "send"}
RUNNER = Path(__file__).with_name("cold_runner.py")
BARE = "bare"


@dataclass(frozen=True, slots=True)
class Start:
    """One process to be measured."""

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


def main(runs: int) -> None:
    scratch = ROOT / ".cache" / "cold-start"
    python = host.python()
    folder = host.build(scratch)
    plain = scratch / "plain"
    shutil.rmtree(plain, ignore_errors=True)
    # Its template names files of the tree by where it lies.
    shutil.copytree(folder, plain, copy_function=_link)
    ship.make_ready(built.read(folder), python)
    with aws_stub.running() as aws:
        template = load(ROOT / "infra" / "template.yaml", PARAMETERS, Places("referral-intake", aws))
        before, after = (dict(_starts(template, built_to, aws)) for built_to in (plain, folder))
        _report(_measured(before, python, runs), _measured(after, python, runs))


def _starts(template: Template, folder: Path, aws: str) -> Iterator[tuple[str, Start]]:
    events = first_events.all_of_them(PARAMETERS["SiteUrl"])
    functions = sorted(template.functions.values(), key=lambda function: function.logical_id)
    yield BARE, Start("bare_put.handler", (Path(__file__).parent, folder / "IntakeFunction"), _aws(aws), events[BARE])
    for function in functions:
        path = (folder / function.logical_id, folder / "ReportsLayer" / "python")
        yield function.short_name, Start(function.handler, path, _told(function, aws), events[function.short_name])


def _told(function: Function, aws: str) -> dict[str, str]:
    """Its environment, with the AWS of here."""
    own = {"TEMPLATES_DIR": str(ROOT / "templates"), "AWS_LAMBDA_FUNCTION_NAME": function.name}
    registry = {"REGISTRY_URL": f"{aws}/api/"} if "REGISTRY_URL" in function.environment else {}
    return {**function.environment, **_aws(aws), **own, **registry}


def _aws(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        # Lambda's folder is read-only: what is compiled at a start is lost with it.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _measured(starts: Mapping[str, Start], python: str, runs: int) -> dict[str, float]:
    """Medians. The first of each only warms the disk."""
    times: dict[str, list[float]] = {name: [] for name in starts}
    for run in range(runs + 1):
        # Round after round, so that what else the machine does befalls them all alike.
        for name, start in starts.items():
            took = start.milliseconds(python)
            times[name] += [took] if run else []
    return {name: statistics.median(taken) for name, taken in times.items()}


def _link(source: str, target: str) -> None:
    """As quick as a copy is not. What is made ready afterwards is removed or added, never written into."""
    Path(target).hardlink_to(source)


def _report(before: Mapping[str, float], after: Mapping[str, float]) -> None:
    print(f"{'ms':12}{'SAM':>8}{'built':>8}{'ratio':>8}{'times bare':>13}")
    for name in after:
        ratio, times = before[name] / after[name], after[name] / after[BARE]
        print(f"{name:12}{before[name]:8.0f}{after[name]:8.0f}{ratio:8.2f}{times:13.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Cold starts of the built functions.")
    parser.add_argument("--runs", type=int, default=7, help="of each, after one that does not count (default: 7)")
    main(parser.parse_args().runs)
