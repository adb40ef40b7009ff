"""Rules for commit subjects."""

import subprocess
from pathlib import Path

import pytest

from tools import commits

GOOD = ("Add a filter", "Embed the font", "Pass the receipt on", "Bring the page up to date", "Fix a crash", "A" * 72)


@pytest.mark.parametrize("subject", [*GOOD, "Process answers", "Focus the field", "Need a reason", "Shed load", "Bias"])
def test_an_imperative_of_at_most_72_characters_is_accepted(subject: str) -> None:
    assert commits.problems(subject) == []


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("A" * 73, "73 characters"),
        ("wip", "placeholder"),
        ("WIP: add a filter", "placeholder"),
        ("fixup! Add a filter", "placeholder"),
        ("", "capital letter"),
        ("add a filter", "capital letter"),
        ("Add a filter.", "period"),
        ("Added a filter", "imperative"),
        ("Adding a filter", "imperative"),
        ("Adds a filter", "imperative"),
    ],
)
def test_other_subjects_are_refused_with_a_reason(subject: str, fault: str) -> None:
    assert any(fault in one for one in commits.problems(subject))


def test_a_hook_checks_the_first_line_of_the_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = tmp_path / "message"
    message.write_text("\nwip\n\nAdd a filter\n", "utf-8")
    assert commits.main([str(message)]) == 1
    assert "'wip' is a placeholder" in capsys.readouterr().err
    message.write_text("Add a filter\n\nwip\n", "utf-8")
    assert commits.main([str(message)]) == 0


def test_outside_a_clone_there_is_nothing_to_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commits.main([]) == 0


def test_commits_of_full_and_shallow_clones_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *words], check=True)

    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-12-01T00:00:00Z")  # After SINCE, at any date of today.
    git("init", "--quiet", str(tmp_path / "whole"))
    monkeypatch.chdir(tmp_path / "whole")
    git("commit", "--quiet", "--allow-empty", "--message=Add a filter")
    assert commits.main([]) == 0
    git("commit", "--quiet", "--allow-empty", "--message=wip")
    assert commits.main([]) == 1
    git("clone", "--quiet", "--depth=1", (tmp_path / "whole").as_uri(), str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert commits.main([]) == 1
    assert capsys.readouterr().err.count("'wip' is a placeholder") == 2
