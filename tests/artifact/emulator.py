"""One built function under Lambda's Runtime Interface Emulator and runtime client (`awslambdaric`).

It runs in a separate process on the Python version of the runtime, with the function's package, layers and environment
only. The emulator is part of SAM CLI. It emulates no CPU share, disk or network, so its times are not those of AWS.
"""

import json
import os
import platform
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samlocal.runtime.functions import FunctionFailed
from samlocal.template.model import Function

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / ".cache" / "ric" / "bin" / "python"
_BINARIES = {"x86_64": "x86_64", "aarch64": "arm64"}
_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
# Nothing responds before the emulator listens.
_START_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds of the init phase and of the first invocation after it, and peak memory in MiB."""

    init: float
    first: float
    peak: float


class Emulator:
    """Starts at the first event. As in a Lambda execution environment, it handles one event at a time."""

    def __init__(self, function: Function, package: Path, layers: list[Path], aws: Mapping[str, str], log: Path):
        self.function = function
        self._package, self._log = package, log
        self._environment = {**function.environment, **_runtime(function, package, layers), **aws}
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._first: float | None = None

    def invoke(self, event: Any) -> Any:
        with self._one_at_a_time:
            self._process = self._process or self._start()
            began = time.perf_counter()
            response = self._post(json.dumps(event).encode())
            if self._first is None:
                self._first = 1000 * (time.perf_counter() - began) - self._init
        try:
            answer = json.loads(response) if response else None
        except ValueError:  # Errors of the emulator itself, such as a timeout of the function.
            answer = {"errorType": response.decode("utf-8", "replace")}
        if isinstance(answer, dict) and "errorType" in answer:
            raise FunctionFailed(f"{self.function.short_name}: {json.dumps(answer)}; its log: {self._log}")
        return answer

    @property
    def start(self) -> Start:
        """Start of a function after its first event. Raises AssertionError if there was no event."""
        assert self._first is not None, f"{self.function.short_name} never had an event"
        return Start(self._init, self._first, self._peak())

    def stop(self) -> None:
        if self._process:
            # Includes the child process of the emulator.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        address, self._url = _address()
        inside, _ = _address()
        command = [emulator(), "--runtime-interface-emulator-address", address, "--runtime-api-address", inside]
        command += [str(RUNTIME), "-m", "awslambdaric", self.function.handler]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self._package,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _post(self, event: bytes) -> bytes:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + _START_TIMEOUT
        while True:
            try:
                with direct.open(self._url, event, timeout=self.function.timeout + 30) as answer:
                    return bytes(answer.read())
            except urllib.error.URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @property
    def _init(self) -> float:
        # The init duration in `REPORT` is wrong.
        found = _INIT.search(self._log.read_text("utf-8", "replace"))
        assert found, f"the emulator said nothing of its start; its log: {self._log}"
        return float(found[1])

    def _peak(self) -> float:
        assert self._process
        # Any thread of the emulator may have started the process.
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        (runtime,) = [pid for task in tasks for pid in (task / "children").read_text().split()]
        status = Path(f"/proc/{runtime}/status").read_text()
        kibibytes = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert kibibytes, status
        return int(kibibytes[1]) / 1024


def emulator() -> str:
    """Raises AssertionError if SAM CLI is missing."""
    name = f"aws-lambda-rie-{_BINARIES[platform.machine()]}"
    found = sorted((ROOT / ".cache" / "sam").glob(f"lib/python*/site-packages/samcli/local/rapid/{name}"))
    assert found, "run: make artifact"
    return str(found[0])


def _runtime(function: Function, package: Path, layers: list[Path]) -> dict[str, str]:
    """Variables that Lambda sets in addition to those of the template."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(package),
        "PYTHONPATH": os.pathsep.join(str(layer / "python") for layer in layers),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": f"{function.timeout:.0f}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
    }


def _address() -> tuple[str, str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    return address, f"http://{address}/2015-03-31/functions/function/invocations"
