"""Makefile targets that `make targets` cannot run: they change an AWS account, or delete files that CI needs.

They run in a copy of the repository, against moto. Only SAM is replaced, since moto cannot transform the template.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from samlocal.aws.moto_server import MotoServer
from tests.integration.conftest import set_fake_credentials
from tests.support.deployed import site_outputs

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parents[2]
STACK = "referral-intake-dev"
OWN = {".aws-sam", ".cache", ".git", ".venv", "build", "tools"}
PYTHON = f"""#!/bin/sh
exec {sys.executable} "$@"
"""
CLEANED = (".venv", ".cache", ".aws-sam", "build", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache")
SAM = """#!/bin/sh
echo "$@" > sam-was-called-with
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for entry in ROOT.iterdir():
        if entry.name not in OWN:
            (tmp_path / entry.name).symlink_to(entry)
    sam = tmp_path / "tools" / "sam" / "sam"
    sam.parent.mkdir(parents=True)
    sam.write_text(SAM, "utf-8")
    sam.chmod(0o755)
    installed = tmp_path / ".venv" / "bin"
    installed.mkdir(parents=True)
    (installed / "python").write_text(PYTHON, "utf-8")
    (installed / "python").chmod(0o755)
    shutil.copy(ROOT / "cli" / "referrals.sh", installed / "referrals")
    built = tmp_path / ".aws-sam" / "build" / "template.yaml"
    built.parent.mkdir(parents=True)
    built.touch()
    return tmp_path


def make(folder: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    # Skips builds and installations, which other targets of CI cover.
    done = ["--old-file=build", "--old-file=.cache/run.stamp"]
    own = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "CI"}}
    command = ["make", *done, *words]
    return subprocess.run(command, cwd=folder, env=own, input=typed, capture_output=True, text=True, check=False)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Client"]:
    """An AWS account with the stack, for `make`."""
    set_fake_credentials(monkeypatch)
    server = MotoServer({})
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    body = {
        "Parameters": {"SenderAddress": {"Type": "String", "Default": "hello@spine.example"}},
        "Resources": {"SiteBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "site"}}},
        "Outputs": {name: {"Value": value} for name, value in site_outputs("site").items()},
    }
    boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(body))
    yield boto3.client("s3")
    server.stop()


def _stacks() -> list[str]:
    return [one["StackName"] for one in boto3.client("cloudformation").describe_stacks()["Stacks"]]


def test_deploy_runs_sam_uploads_the_site_and_fails_if_the_site_does_not_answer(
    repository: Path, s3: "S3Client"
) -> None:
    done = make(repository, "deploy", "ENV=dev", "YES=1")
    # moto has no CloudFront that answers.
    assert done.returncode == 2, done.stdout + done.stderr
    assert "failure  site: " in done.stdout
    assert "deploy --config-file=" in (repository / "sam-was-called-with").read_text("utf-8")
    assert "--no-execute-changeset" in (repository / "sam-was-called-with").read_text("utf-8")
    keys = {one["Key"] for one in s3.list_objects_v2(Bucket="site")["Contents"]}
    assert {"index.html", "dashboard/config.json"} <= keys


@pytest.mark.parametrize("target", ["deploy", "destroy"])
def test_an_environment_is_required(repository: Path, target: str) -> None:
    done = make(repository, target)
    assert done.returncode == 2
    assert f"make {target} ENV=dev" in done.stderr


def test_destroy_deletes_the_stack_whose_name_is_typed(repository: Path, s3: "S3Client") -> None:
    assert make(repository, "destroy", "ENV=dev", typed="y\n").returncode != 0
    assert _stacks() == [STACK]
    done = make(repository, "destroy", "ENV=dev", typed=f"{STACK}\n")
    assert done.returncode == 0, done.stderr
    assert _stacks() == []


def test_the_installed_command_runs_in_every_folder(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(repository / ".venv" / "bin" / "referrals"), "--help"]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = subprocess.run(command, cwd=elsewhere, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "recount" in done.stdout


def test_every_target_that_installs_python_packages_installs_the_command() -> None:
    content = (ROOT / "Makefile").read_text("utf-8")
    assert content.count("--group local") == content.count("@$(INSTALL_COMMAND)") > 0


def test_clean_deletes_only_downloaded_and_built_files(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text("utf-8"), "utf-8")
    for name in CLEANED:
        (tmp_path / name).mkdir()
    protected = tmp_path / ".cache" / "artifact"
    protected.mkdir()
    (protected / "file").touch()
    protected.chmod(0o555)
    done = make(tmp_path, "clean")
    assert done.returncode == 0, done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["Makefile"]
