"""SnapStart starts a process once and restores it many times: all copies share its state.

Time and randomness are watched during the imports, which Lambda runs before it takes the snapshot.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.samples import ROOT
from tests.support.waiting import CEILING

FUNCTIONS = ROOT / "functions"
# Modules that read the clock or randomness at import, and why equal values do no harm.
HARMLESS = {
    "logging": "the age of the process in a log line, which ours don't show",
    "dateutil.parser._parser": "the century of years with two digits; botocore's have four",
    "multiprocessing.process": "the key between processes of our own: there are none",
    # Ids, salts and challenges use `secrets` and `uuid4`, which ask the operating system each time.
    "random": "botocore's pauses between attempts",
}

_PROGRAM = """
import importlib, json, sys

CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime"}
CHANCE = {"urandom", "getrandom", "seed", "random", "getrandbits", "uuid1", "uuid4", "token_bytes", "token_hex"}
asked = set()


def watch(frame, event, called):
    if event == "c_call":
        name = getattr(called, "__qualname__", called.__name__)
        who, module = frame.f_globals.get("__name__"), getattr(called, "__module__", None)
        if name.rpartition(".")[2] in CLOCKS | CHANCE:
            asked.add((who, f"{module}.{name}" if module else name))


sys.setprofile(watch)
importlib.import_module(sys.argv[1])
sys.setprofile(None)
package = sys.argv[1].partition(".")[0]
ours = [module for name, module in sys.modules.items() if name.partition(".")[0] == package]
kept = [f"{module.__name__}.{name}" for module in ours for name, value in vars(module).items()
        if hasattr(value, "cache_info") and value.cache_info().currsize]
print(json.dumps([sorted(asked), kept]))
"""
_READS_AT_IMPORT = """
import functools, time, uuid
from datetime import datetime

STARTED, SINCE, ID = datetime.now(), time.monotonic(), uuid.uuid4()
client = functools.cache(object)
client()
"""


def imported(module: str, folder: Path = FUNCTIONS) -> tuple[set[tuple[str, str]], list[str]]:
    """Modules that read the time or randomness, and objects built at import. The function's environment is not set."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", _PROGRAM, module]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=CEILING)
    requests, kept = json.loads(done.stdout)
    return {(who, what) for who, what in requests}, kept


@pytest.mark.parametrize("name", ["intake", "lookup", "links"])
def test_a_snapshot_holds_no_time_or_random_value_except_harmless_ones(name: str) -> None:
    requests, kept = imported(f"referral_intake.{name}.handler")
    assert {who for who, _ in requests} - HARMLESS.keys() == set()
    # Clients, connections, credentials, keys and secrets are built on first use, so after the snapshot.
    assert kept == []


def test_a_module_that_reads_the_time_or_a_secret_at_import_is_detected(tmp_path: Path) -> None:
    (tmp_path / "reads_at_import.py").write_text(_READS_AT_IMPORT, "utf-8")
    requests, kept = imported("reads_at_import", tmp_path)
    assert {
        ("reads_at_import", "datetime.now"),
        ("reads_at_import", "time.monotonic"),
        ("uuid", "posix.urandom"),
    } <= requests
    assert kept == ["reads_at_import.client"]
