"""The command `referrals`: its commands in groups, and what its exit codes mean."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperCommand

from cli import environments, output
from cli.commands import (
    approve,
    audit,
    deploy,
    destroy,
    held,
    letters,
    preflight,
    recount,
    redrive,
    restore,
    resume,
    site,
)
from cli.errors import CommandError
from referral_intake.core.errors import Unavailable

NAME = "referrals"
GROUPS: dict[str, tuple[ModuleType, ...]] = {
    "Deployment": (preflight, deploy, site, destroy),
    "Campaigns": (approve, resume),
    "Referrals": (held, letters, audit),
    "Repair": (redrive, recount, restore),
}
_CONTINUE = "What was done stays done; run the same command again to continue."
_HELP = f"""Operate referral-intake.

Exit codes: 0 done, 1 not done or not all in order (stderr says why), 2 usage error. NO_COLOR=1 switches colors off.
`{NAME} COMMAND --help` explains a command."""


class Command(TyperCommand):
    """Turns errors that a user can act on into one line on stderr and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            _check_folder()
            code = super().invoke(ctx)
        except CommandError as error:
            code = _failed(str(error))
        except (Unavailable, BotoCoreError, ClientError) as error:
            code = _failed(f"AWS: {str(error).rstrip('.')}. {_CONTINUE}")
        except KeyboardInterrupt:
            code = _failed(f"Stopped. {_CONTINUE}")
        raise typer.Exit(code or 0)


app = typer.Typer(name=NAME, help=_HELP, no_args_is_help=True, rich_markup_mode="markdown")


# A callback of its own keeps the group's help from being that of a single command.
@app.callback()
def _group() -> None:
    pass


for _panel, _modules in GROUPS.items():
    for _module in _modules:
        _name = _module.__name__.rpartition(".")[2]
        app.command(_name, cls=Command, rich_help_panel=_panel)(_module.command)


def main(words: Sequence[str] | None = None) -> int:
    """Run a command in this process. Returns its exit code."""
    try:
        app(words, prog_name=NAME)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _check_folder() -> None:
    """Commands read samconfig.toml, templates/ and tools/ from the working directory."""
    if not environments.SAMCONFIG.exists():
        raise CommandError(f"There is no {environments.SAMCONFIG} here. Run {NAME} from the root of the repository.")


def _failed(reason: str) -> int:
    output.problem(reason)
    return 1
