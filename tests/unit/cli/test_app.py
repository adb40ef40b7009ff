"""The command `referrals`: help, exit codes, colors, completion, and the default stack."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from typer import rich_utils
from typer.testing import CliRunner, Result

from cli import environments, output, stacks
from cli.app import GROUPS, NAME, app, main
from cli.checks.result import failure, ok
from cli.commands import preflight
from cli.errors import CommandError
from referral_intake.core.errors import Unavailable


def command_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2].replace("_", "-")


COMMANDS = [command_name(module) for modules in GROUPS.values() for module in modules]
COLOR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[\d;]+)m")
SAMCONFIG = """\
version = 0.1
[default.deploy.parameters]
stack_name = "mine-dev"
region = "eu-west-1"
[prod.deploy.parameters]
stack_name = "mine"
profile = "production"
"""


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, words, prog_name=NAME, env=environment)


@pytest.fixture(autouse=True)
def outside_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typer treats GitHub Actions as a terminal."""
    monkeypatch.setattr(rich_utils, "FORCE_TERMINAL", None)


@pytest.fixture
def requested_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the stacks that commands look up, in a repository with its own samconfig.toml."""
    (tmp_path / "samconfig.toml").write_text(SAMCONFIG, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.setenv(name, "before")  # Lets monkeypatch restore it.
    names: list[str] = []

    def find(name: str) -> stacks.Stack:
        names.append(name)
        raise stacks.NoStack(f"no {name}")

    monkeypatch.setattr(stacks, "find", find)
    return names


def raises(error: BaseException) -> Callable[..., Any]:
    def raise_it(*_: object) -> Any:
        raise error

    return raise_it


# ---- Help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0)])
def test_help_lists_all_commands_in_their_groups(words: list[str], code: int) -> None:
    result = run(*words)
    assert result.exit_code == code
    shown = re.findall(r"^(?:╭─ (\w+)|│ ([a-z][a-z-]*) )", result.output, re.MULTILINE)
    groups: dict[str, list[str]] = {}
    for panel, command in shown:
        if panel:
            groups[panel] = []
        else:
            groups[list(groups)[-1]].append(command)
    assert groups == {"Options": []} | {
        group: [command_name(module) for module in modules] for group, modules in GROUPS.items()
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_outside_of_the_repository(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: referrals {command}" in result.output


def test_every_module_in_commands_is_a_command() -> None:
    files = {file.stem for file in (Path(preflight.__file__).parent).glob("[a-z]*.py")}
    assert {file.replace("_", "-") for file in files} == set(COMMANDS)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("referrals re", ["recount", "redrive", "restore", "restore-table", "resume"]),
        ("referrals redrive --stack ", ["mine", "mine-dev"]),
        ("referrals deploy p", ["prod"]),
    ],
)
def test_the_shell_completes_commands_stacks_and_environments(
    requested_stacks: list[str], words: str, offered: list[str]
) -> None:
    asks = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_REFERRALS_COMPLETE": "complete_bash"}
    assert sorted(run(**asks).output.split()) == offered
    assert requested_stacks == []


# ---- Exit codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["nosuch"],
        ["redrive", "--nosuch"],
        ["redrive", "--go", "--list"],
        ["redrive", "--go", "K3QF-7ZTA-MM2X-PE5R"],
        ["redrive", "--go", "--json"],
        ["held", "--approve", "--reject", "K3QF-7ZTA-MM2X-PE5R"],
        ["held", "--approve", "--json", "K3QF-7ZTA-MM2X-PE5R"],
        ["held", "--because", "nosuch"],
        ["audit", "--day", "yesterday"],
        ["restore"],
        ["restore", "--from", "t", "--except", "nonsense"],
        ["approve", "star"],
        ["approve", "star", "--by", "us", "--until", "2026-13-01"],
        ["resume"],
        ["deploy"],
    ],
)
def test_a_usage_error_exits_with_2_before_any_stack_is_looked_up(
    requested_stacks: list[str], words: list[str]
) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "Error" in result.stderr
    assert result.stdout == ""
    assert requested_stacks == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CommandError("There is none."), "There is none."),
        (stacks.NoStack("no such stack"), "no such stack"),
        (Unavailable("SQS took 0 of 1 messages"), "AWS: SQS took 0 of 1 messages. Completed work is kept. "),
        (EndpointConnectionError(endpoint_url="https://x"), "AWS: Could not connect to the endpoint URL"),
        (KeyboardInterrupt(), "Stopped. Completed work is kept. Run the same command again to continue."),
    ],
)
def test_a_failed_command_exits_with_1_and_one_line_on_stderr(
    requested_stacks: list[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, reason: str
) -> None:
    monkeypatch.setattr(stacks, "find", raises(error))
    result = run("audit", "--stack", "mine")
    assert result.exit_code == 1
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith(reason)


def test_an_unexpected_exception_is_not_hidden(requested_stacks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "find", raises(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["audit", "--stack", "mine"])


def test_outside_of_the_repository_a_command_says_where_to_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("resume", "star")
    assert result.exit_code == 1
    assert "Run referrals from the root of the repository" in result.stderr


def test_an_unknown_environment_is_reported_with_the_known_ones(requested_stacks: list[str]) -> None:
    result = run("deploy", "staging")
    assert result.exit_code == 1
    assert result.stderr == "samconfig.toml has no environment 'staging'. It has: default, prod.\n"


# ---- The stack -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["audit"],
        ["held"],
        ["redrive"],
        ["recount"],
        ["resume", "star"],
        ["restore", "--from", "t"],
    ],
)
def test_without_a_name_the_stack_of_the_default_environment_is_used(
    requested_stacks: list[str], words: list[str]
) -> None:
    result = run(*words)
    assert requested_stacks == ["mine-dev"]
    assert result.stderr == "Stack: mine-dev\nno mine-dev\n"
    assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_a_named_stack_is_looked_up_in_the_account_that_it_is_deployed_to(requested_stacks: list[str]) -> None:
    assert run("redrive", "--stack", "mine").stderr == "no mine\n"
    assert requested_stacks == ["mine"]
    assert os.environ["AWS_PROFILE"] == "production"
    assert os.environ["AWS_DEFAULT_REGION"] == "before"


def test_preflight_uses_the_default_environment_too(requested_stacks: list[str]) -> None:
    target = preflight.Target.of(stacks.name_or_default(None))
    assert (target.name, target.stack, target.problem) == ("mine-dev", None, "no mine-dev")


def test_every_environment_of_the_repository_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(environments.every()) == {"default", "dev", "staging", "prod"}


# ---- Output ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def checked(requested_stacks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    results = [("DKIM", ok("signs")), ("quota", failure("is zero", "Ask for more."))]
    monkeypatch.setattr(preflight, "run", lambda target: iter(results))


@pytest.mark.usefixtures("checked")
def test_results_are_colored_in_a_terminal_but_not_with_no_color() -> None:
    in_terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    colored = run("preflight", "--stack", "mine", **in_terminal)
    assert COLOR.search(colored.stdout)
    plain = run("preflight", "--stack", "mine", NO_COLOR="1", **in_terminal)
    assert not COLOR.search(plain.stdout)
    assert "\x1b" not in run("preflight", "--stack", "mine").stdout


@pytest.mark.usefixtures("checked")
def test_the_help_is_colored_in_a_terminal_but_not_with_no_color() -> None:
    in_terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert COLOR.search(run("--help", **in_terminal).output)
    assert not COLOR.search(run("--help", NO_COLOR="1", **in_terminal).output)


@pytest.mark.usefixtures("checked")
def test_the_checks_are_printed_as_lines_and_as_json() -> None:
    lines = run("preflight", "--stack", "mine")
    assert lines.stdout == "ok       DKIM: signs\nfailure  quota: is zero\n         -> Ask for more.\n"
    as_json = run("preflight", "--stack", "mine", "--json")
    assert (lines.exit_code, as_json.exit_code) == (1, 1)
    assert json.loads(as_json.stdout) == [
        {"check": "DKIM", "level": "ok", "text": "signs", "todo": ""},
        {"check": "quota", "level": "failure", "text": "is zero", "todo": "Ask for more."},
    ]


def test_a_progress_bar_is_shown_in_a_terminal_only_and_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def count_to_three() -> tuple[str, str]:
        with output.progress("Referrals", 3) as advance:
            for _ in range(3):
                advance(1)
        return capsys.readouterr()

    assert count_to_three() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    out, err = count_to_three()
    assert out == ""
    assert "Referrals" in err
    assert "3/3" in err


def test_long_lines_are_not_wrapped_and_brackets_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[bold] " + "word " * 60 + "end"
    output.problem(text)
    output.styled(text, "bold")
    assert capsys.readouterr() == (f"{text}\n", f"{text}\n")
