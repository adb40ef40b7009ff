"""GitHub workflows: pinned actions and minimal rights."""

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
def test_every_action_is_pinned_to_a_commit_with_its_version(file: Path) -> None:
    used = re.findall(r"uses: (.+)", file.read_text("utf-8"))
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_workflow_may_write_and_every_one_has_a_timeout(file: Path) -> None:
    data = yaml.safe_load(file.read_text("utf-8"))
    jobs = data["jobs"].values()
    granted = [data["permissions"], *(job.get("permissions", {}) for job in jobs)]
    # `id-token: write` allows a token for AWS. Only the deployment needs it.
    allowed = {"contents": "read"} | ({"id-token": "write"} if file.stem == "deploy" else {})
    assert all(allowed.get(name) == right for rights in granted for name, right in rights.items())
    assert all(job["timeout-minutes"] <= 60 for job in jobs)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_command_contains_user_input(file: Path) -> None:
    steps = [step for job in yaml.safe_load(file.read_text("utf-8"))["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_a_deployment_needs_approval_of_its_environment() -> None:
    job = read("workflows/deploy.yml")["jobs"]["deploy"]
    assert job["environment"] == "${{ inputs.environment }}"
    credentials = next(step["with"] for step in job["steps"] if "configure-aws-credentials" in step.get("uses", ""))
    assert set(credentials) == {"role-to-assume", "aws-region", "mask-aws-account-id"}  # There is no long-lived key.


def test_dependabot_checks_every_lock_file() -> None:
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
