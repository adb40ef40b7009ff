"""Servers on the loopback interface, started for a test run and stopped by their process."""

import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.engines.programs import NoEngine

# Only a failure takes that long, even on a busy machine.
_START_TIMEOUT = 60.0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], port: int, *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a server that listens on this port. The address, when it responds. Raises NoEngine if it does not start."""
    with tempfile.TemporaryFile() as said:
        # In the session of the tests, so that Ctrl-C in a terminal stops it, too.
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            url = f"http://127.0.0.1:{port}"
            if not _answers(url, process):
                said.seek(0)
                raise NoEngine(f"{command[0]} does not start: {said.read().decode(errors='replace')[-2000:]}")
            yield url
        finally:
            process.kill()
            process.wait()


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            direct.open(url, timeout=5).close()
        except urllib.error.HTTPError as refused:
            refused.close()
            return True  # It asks for a signature, so it is running.
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False
