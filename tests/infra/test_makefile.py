"""CI runs every target of the Makefile, so that a broken target is noticed."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.yml")]
NOT_IN_CI = {
    "deploy": "It changes an AWS account. tests/integration/test_make.py runs it against moto, without SAM.",
    "destroy": "It deletes a stack in AWS. tests/integration/test_make.py runs it against moto.",
    "clean": "It deletes what CI runs with. tests/integration/test_make.py runs it in a copy.",
}


def make(*words: str) -> str:
    command = ["make", "--no-print-directory", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def prerequisites() -> dict[str, list[str]]:
    """Prerequisites of each target, as read by make."""
    database = make("--print-data-base", "--question", "help").partition("# Files\n")[2]
    rules = re.findall(r"^([\w.-]+):(?!=) ?([^|\n]*)", database, re.MULTILINE)
    return {target: needed.split() for target, needed in rules}


@pytest.fixture(scope="module")
def reached(prerequisites: dict[str, list[str]]) -> set[str]:
    """Targets that .ci/run runs: directly, as prerequisites, and through `make targets`."""
    waiting = re.findall(r"\bmake ([\w-]+)", (ROOT / ".ci" / "run").read_text("utf-8"))
    found: set[str] = set()
    while waiting:
        target = waiting.pop()
        if target not in found:
            found.add(target)
            waiting += prerequisites.get(target, [])
            waiting += _short_forms() if target == "targets" else []
    return found


def _short_forms() -> list[str]:
    command = make("--dry-run", "--old-file=.cache/dev.stamp", "targets")
    return command.partition("-m tools.targets ")[2].split()


def test_ci_runs_every_target(prerequisites: dict[str, list[str]], reached: set[str]) -> None:
    targets = set(prerequisites[".PHONY"])
    assert len(targets) > 20
    assert targets - reached - NOT_IN_CI.keys() == set()


def test_targets_listed_as_not_run_by_ci_exist_and_are_not_run(
    prerequisites: dict[str, list[str]], reached: set[str]
) -> None:
    assert NOT_IN_CI.keys() <= set(prerequisites[".PHONY"])
    assert NOT_IN_CI.keys() & reached == set()


def test_every_target_is_phony_and_described(prerequisites: dict[str, list[str]]) -> None:
    described = re.findall(r"^  make ([\w-]+) ", make("help"), re.MULTILINE)
    assert set(described) == set(prerequisites[".PHONY"]) - {"browser"}


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_targets_named_in_documents_exist(file: Path, prerequisites: dict[str, list[str]]) -> None:
    named = re.findall(r"(?:`|run: |^)make ([a-z][a-z-]*)", file.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= set(prerequisites[".PHONY"])


def test_the_workflow_runs_the_ci_script() -> None:
    assert "run: .ci/run\n" in (ROOT / ".github" / "workflows" / "check.yml").read_text("utf-8")
