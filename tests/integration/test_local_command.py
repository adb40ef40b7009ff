"""`python -m local`, as `make run` starts it."""

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from referral_intake.aws.campaign_files import Campaigns
from tests.support.http_client import fetch
from tests.support.proofs import solve
from tests.support.waiting import CEILING, eventually

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": "functions:.", "PYTHONUNBUFFERED": "1", "AWS_PROFILE": "not-there"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "local", *arguments]


@contextmanager
def started(port: int) -> Iterator[subprocess.Popen[str]]:
    run, pipe = command("--port", str(port)), subprocess.PIPE
    with subprocess.Popen(run, cwd=ROOT, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_ready(process: subprocess.Popen[str]) -> str:
    """Reads until all information for developers is printed."""
    assert process.stdout
    output = ""
    while "Query" not in output:
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        output += line
    return output


@pytest.mark.parametrize(
    "name", ["SIGTERM", pytest.param("SIGINT", marks=pytest.mark.long), pytest.param("SIGHUP", marks=pytest.mark.long)]
)
def test_the_command_prints_all_addresses_and_exits_cleanly(name: str) -> None:
    port = free_port()
    with started(port) as process:
        output = wait_until_ready(process)
        for place in ("/", "/_local/mailbox", "/_local/mailbox.json", "/_local/table", "/_local/logs"):
            address = f"http://127.0.0.1:{port}{place}"
            assert address in output
            assert fetch(address).status == 200
        assert ".cache/local/logs.jsonl" in output
        endpoint = re.search(r"AWS_ENDPOINT_URL_DYNAMODB=http://127\.0\.0\.1:(\d+) aws dynamodb scan", output)
        assert endpoint
        process.send_signal(getattr(signal, name))
        _, errors = process.communicate(timeout=CEILING)

    assert (process.returncode, errors) == (0, "")
    assert not is_open(port)
    assert not is_open(int(endpoint[1]))


def test_a_port_in_use_gives_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = subprocess.run(
            command("--port", str(port)), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == f"Port {port} is in use. Try: make run PORT={port + 1}\n"


@pytest.mark.parametrize(
    "port", ["70000", pytest.param("http", marks=pytest.mark.long), pytest.param("-1", marks=pytest.mark.long)]
)
def test_an_invalid_port_is_refused(port: str) -> None:
    answer = subprocess.run(
        command(f"--port={port}"), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 2
    assert f"{port} is not a port" in answer.stderr


def worked_for(url: str, submission_id: str) -> str:
    """The proof that a client sends after it did the work and waited as long as a person would."""
    binding = hashlib.sha256(f"challenge:{submission_id}".encode()).hexdigest()
    response = fetch(f"{url}/api/challenge?for={binding}").json()
    time.sleep(response["wait_seconds"])
    return solve(response["challenge"])


def test_one_submission_sends_one_message() -> None:
    port = free_port()
    body = {
        "submission_id": "2b8a6c1e-5c1f-4b8e-9d53-2f0a5a4a1b11",
        "campaign": Campaigns(ROOT / "templates").names()[0],
        "locale": "en",
        "submitted_by": "patient",
        "doctor": {"name": "Nguyễn Thị Minh Khai", "email": "khai@clinic.example"},
    }
    with started(port) as process:
        wait_until_ready(process)
        url = f"http://127.0.0.1:{port}"
        body["challenge"] = worked_for(url, str(body["submission_id"]))
        status = fetch(f"{url}/api/referrals", "POST", body).status
        mails = list(eventually(lambda: fetch(f"{url}/_local/mailbox.json").json()))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=CEILING)

    assert (status, [mail["to"] for mail in mails]) == (201, [["khai@clinic.example"]]), output + errors
