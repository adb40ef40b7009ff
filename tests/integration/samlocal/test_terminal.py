"""Terminal output and log file of the local stack."""

import io
import json
import sys
import threading
from pathlib import Path

import pytest

from samlocal.runtime.terminal import Capture, Terminal, running


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(io.StringIO(), tmp_path / "deep" / "logs.jsonl")


def shown(terminal: Terminal) -> str:
    out = terminal._out
    assert isinstance(out, io.StringIO)
    terminal.close()
    return out.getvalue()


def test_a_log_line_is_shown_readably_and_stored_unchanged(terminal: Terminal) -> None:
    raw = {"level": "INFO", "location": "handler:12", "message": "sent", "service": "x", "referral": "R-1", "n": 2}
    running.set("outreach")
    terminal.write(json.dumps(raw) + "\n")

    assert shown(terminal)[9:] == "INFO    outreach  sent  referral=R-1  n=2\n"
    assert json.loads(terminal.log_file.read_text()) == raw


def test_an_exception_is_shown_with_its_traceback(terminal: Terminal) -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no'
    terminal.write(json.dumps({"level": "ERROR", "message": "failed", "exception": text, "stack_trace": {}}) + "\n")

    assert shown(terminal).splitlines()[1:] == ["    " + line for line in text.splitlines()]


def test_metrics_are_shown_as_one_short_line(terminal: Terminal) -> None:
    metrics = {"CloudWatchMetrics": [{"Namespace": "N", "Metrics": [{"Name": "Sent", "Unit": "Count"}]}]}
    running.set("outreach")
    terminal.write(json.dumps({"_aws": metrics, "Sent": [1.0], "service": "x"}) + "\n")

    assert shown(terminal)[9:] == "METRIC outreach  Sent=[1.0]\n"


def test_text_that_is_not_json_is_unchanged(terminal: Terminal) -> None:
    terminal.write("half a ")
    terminal.write("line\n[1]\n")

    assert shown(terminal) == "half a line\n[1]\n"


def test_lines_of_several_threads_do_not_mix(terminal: Terminal) -> None:
    def write(letter: str) -> None:
        for _ in range(200):
            terminal.write(letter * 5)
            terminal.write(letter * 5 + "\n")

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(shown(terminal).split()) == {letter * 10 for letter in "abcd"}


def test_colors_are_used_only_in_terminals_whose_user_wants_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def colored() -> bool:
        terminal = Terminal(Tty(), tmp_path / "logs.jsonl")
        terminal.access("GET", "/", 200, 3.2)
        return "\033[" in shown(terminal)

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colored()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colored()


def test_printed_output_is_captured_until_the_end(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.stdout
    capture = Capture(terminal)
    real = sys.stdout
    sys.stdout.write("during\n")
    capture.stop()

    assert sys.stdout is before
    # A Logger never changes its stream. After the test it must write to the usual one.
    monkeypatch.setattr(sys, "__stdout__", io.StringIO())
    real.write("after")
    assert shown(terminal) == "during\n"
