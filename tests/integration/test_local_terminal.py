"""What the local stack shows in the terminal, and keeps in the log file."""

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


def test_a_log_line_is_readable_and_kept_as_it_was(terminal: Terminal) -> None:
    raw = {"level": "INFO", "location": "handler:12", "message": "sent", "service": "x", "referral": "R-1", "n": 2}
    running.set("outreach")
    terminal.write(json.dumps(raw) + "\n")

    assert shown(terminal)[9:] == "INFO    outreach  sent  referral=R-1  n=2\n"
    assert json.loads(terminal.log_file.read_text()) == raw


def test_an_exception_has_its_lines(terminal: Terminal) -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no'
    terminal.write(json.dumps({"level": "ERROR", "message": "failed", "exception": text, "stack_trace": {}}) + "\n")

    assert shown(terminal).splitlines()[1:] == ["    " + line for line in text.splitlines()]


def test_metrics_are_one_short_line(terminal: Terminal) -> None:
    metrics = {"CloudWatchMetrics": [{"Namespace": "N", "Metrics": [{"Name": "Sent", "Unit": "Count"}]}]}
    running.set("outreach")
    terminal.write(json.dumps({"_aws": metrics, "Sent": [1.0], "service": "x"}) + "\n")

    assert shown(terminal)[9:] == "METRIC outreach  Sent=[1.0]\n"


def test_what_is_no_json_stays_as_it_is(terminal: Terminal) -> None:
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


def test_colours_are_for_terminals_whose_user_likes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def coloured() -> bool:
        terminal = Terminal(Tty(), tmp_path / "logs.jsonl")
        terminal.access("GET", "/", 200, 3.2)
        return "\033[" in shown(terminal)

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured()


def test_what_is_printed_is_captured_until_the_end(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.stdout
    capture = Capture(terminal)
    kept = sys.stdout
    sys.stdout.write("during\n")
    capture.stop()

    assert sys.stdout is before
    # A Logger keeps its stream for ever; afterwards it writes where everyone does.
    monkeypatch.setattr(sys, "__stdout__", io.StringIO())
    kept.write("after")
    assert shown(terminal) == "during\n"
