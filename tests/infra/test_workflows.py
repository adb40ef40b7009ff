"""What runs at GitHub: pinned, and with no more rights than it needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.dates.__main__ import DATES

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCKS = ("uv.lock", "package-lock.json")


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / name).read_text("utf-8"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_action_is_pinned_by_a_commit_and_says_of_which_version(file: Path) -> None:
    used = re.findall(r"uses: (.+)", file.read_text("utf-8"))
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_workflow_may_write_and_none_runs_for_ever(file: Path) -> None:
    data = yaml.safe_load(file.read_text("utf-8"))
    jobs = data["jobs"].values()
    granted = [data["permissions"], *(job.get("permissions", {}) for job in jobs)]
    # `id-token: write` lets it ask for a token of its own; only who deploys does.
    allowed = {"contents": "read"} | ({"id-token": "write"} if file.stem == "deploy" else {})
    assert all(allowed.get(name) == right for rights in granted for name, right in rights.items())
    assert all(job["timeout-minutes"] <= 60 for job in jobs)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_command_is_built_from_what_somebody_typed(file: Path) -> None:
    steps = [step for job in yaml.safe_load(file.read_text("utf-8"))["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_whoever_deploys_must_be_let_into_the_environment() -> None:
    job = read("workflows/deploy.yml")["jobs"]["deploy"]
    assert job["environment"] == "${{ inputs.environment }}"
    credentials = next(step["with"] for step in job["steps"] if "configure-aws-credentials" in step.get("uses", ""))
    assert set(credentials) == {"role-to-assume", "aws-region", "mask-aws-account-id"}  # No key that could leak.


def test_dependabot_looks_at_every_lock_file() -> None:
    watched = {
        directory.strip("/")
        for update in read("dependabot.yml")["updates"]
        if update["package-ecosystem"] in ("uv", "npm")
        for directory in update["directories"]
    }
    locked = {
        str(file.parent.relative_to(ROOT)).removeprefix(".")
        for lock in LOCKS
        for file in ROOT.rglob(lock)
        if not {".cache", "node_modules", ".venv", ".aws-sam"} & set(file.parts)
    }
    assert watched == locked


def test_the_weekly_workflow_runs_the_tests_at_every_date_of_the_tool() -> None:
    matrix = read("workflows/dates.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["date"] == list(DATES.values())
