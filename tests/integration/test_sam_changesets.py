"""The real SAM CLI makes the changesets that `make deploy` executes, here in moto's server."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from cli import changesets
from cli.errors import CommandError
from tests.support import moto_changesets, project

SAM = project.ROOT / "tools" / "sam" / "sam"
TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters: { SiteUrl: { Type: String } }
Resources: { Topic: { Type: AWS::SNS::Topic, Properties: { DisplayName: !Ref SiteUrl } } }
"""
CONFIG = """
version = 0.1
[dev.deploy.parameters]
stack_name = "rehearsal"
s3_bucket = "artifacts"
confirm_changeset = true
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not (project.ROOT / ".cache" / "sam" / "bin" / "sam").exists(), reason="make builds SAM"),
]


@dataclass
class Rehearsal:
    """`answer` is what the user types."""

    folder: Path
    answer: str = "y"
    asked: list[str] = field(default_factory=list)

    @property
    def stack(self) -> changesets.Stack:
        return changesets.Stack(boto3.client("cloudformation"), "rehearsal", sleep=lambda _: None)

    def deploy(self, site_url: str) -> bool:
        config = [f"--config-file={self.folder / 'samconfig.toml'}", "--config-env=dev"]
        template = ["--template-file", str(self.folder / "template.yaml")]
        options = [*config, *template, "--no-fail-on-empty-changeset", "--parameter-overrides", f"SiteUrl={site_url}"]
        return self.stack.deploy([str(SAM), "deploy", *options], ask=True)

    def input(self, question: str) -> str:
        self.asked.append(question)
        return self.answer


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    (tmp_path / "template.yaml").write_text(TEMPLATE, "utf-8")
    (tmp_path / "samconfig.toml").write_text(CONFIG, "utf-8")
    # moto finds the template of a changeset only at a path of localhost.
    (tmp_path / "config").write_text("[default]\ns3 =\n  addressing_style = path\n", "utf-8")
    settings = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_ENDPOINT_URL": f"http://localhost:{port}"}
    settings |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("builtins.input", (found := Rehearsal(tmp_path)).input)
    moto_changesets.keep_outputs(monkeypatch)
    server: Any = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    boto3.client("s3").create_bucket(Bucket="artifacts")
    yield found
    server.stop()


def test_nothing_is_deployed_without_a_yes_and_an_unchanged_stack_is_not_asked_about(rehearsal: Rehearsal) -> None:
    rehearsal.answer = "n"
    with pytest.raises(CommandError, match="Nothing was changed"):
        rehearsal.deploy("a")
    assert rehearsal.stack.status is None
    rehearsal.answer = "y"
    assert rehearsal.deploy("a")
    assert rehearsal.stack.status == "CREATE_COMPLETE"
    rehearsal.answer = "n"
    with pytest.raises(CommandError, match="Nothing was changed"):
        rehearsal.deploy("b")
    assert rehearsal.stack.status == "CREATE_COMPLETE"
    rehearsal.answer = "y"
    assert rehearsal.deploy("b")
    assert rehearsal.stack.status == "UPDATE_COMPLETE"
    assert len(rehearsal.asked) == 4
    assert rehearsal.deploy("b")
    assert len(rehearsal.asked) == 4


def test_an_error_of_sam_is_a_failed_deployment(rehearsal: Rehearsal) -> None:
    (rehearsal.folder / "template.yaml").write_text("Resources: {}\n", "utf-8")
    assert not rehearsal.deploy("a")
    assert rehearsal.asked == []
