"""`make targets` fails if a target fails or changes a tracked file."""

import subprocess
from pathlib import Path

import pytest

from tools import targets

MAKEFILE = """
works:
	@echo SHORT is $(SHORT) > untracked
fails:
	@exit 3
writes:
	@echo more >> tracked
run:
	@echo ended at once
"""


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Makefile").write_text(MAKEFILE, "utf-8")
    (tmp_path / "tracked").write_text("one\n", "utf-8")
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=Add files"]):
        author = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run(["git", *author, *words], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_target_runs_in_its_short_form(repository: Path) -> None:
    assert targets.main(["works"]) == 0
    assert (repository / "untracked").read_text("utf-8") == "SHORT is 1\n"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("fails", "exit code 2"),
        ("writes", "changed files that git tracks"),
        ("run", "ended before it was ready"),
        ("nowhere", "exit code 2"),
    ],
)
def test_a_failing_target_is_named_with_the_reason(
    target: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert targets.main([target, "works"]) == 1
    errors = capsys.readouterr().err
    assert f"make {target} failed" in errors
    assert reason in errors


def test_earlier_changes_are_not_a_failure(repository: Path) -> None:
    (repository / "tracked").write_text("two\n", "utf-8")
    assert targets.main(["works"]) == 0
