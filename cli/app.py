"""Define the command `referrals`: register its commands in groups, and turn errors into exit codes."""

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
    opt_out,
    preflight,
    recount,
    redrive,
    restore,
    restore_table,
    resume,
    site,
)
from cli.errors import CommandError
from referral_intake.core.errors import Unavailable

NAME = "referrals"
GROUPS: dict[str, tuple[ModuleType, ...]] = {
    "Deployment": (preflight, deploy, site, destroy),
    "Campaigns": (approve, resume),
    "Referrals": (held, letters, opt_out, audit),
    "Repair": (redrive, recount, restore, restore_table),
}
_CONTINUE = "Completed work is kept. Run the same command again to continue."
_HELP = f"""Operate referral-intake.

Exit codes: 0 for success, 1 for a failure or a problem that was found (stderr gives the reason), 2 for a usage error.
Set NO_COLOR=1 to turn off colors. Run `{NAME} COMMAND --help` for help with a command."""


class Command(TyperCommand):
    """Turn errors that a user can act on into one line on stderr and exit code 1."""

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


# With a callback, Typer treats the app as a group and shows the group's help.
@app.callback()
def _group() -> None:
    pass


for _panel, _modules in GROUPS.items():
    for _module in _modules:
        _name = _module.__name__.rpartition(".")[2].replace("_", "-")
        app.command(_name, cls=Command, rich_help_panel=_panel)(_module.command)


def main(words: Sequence[str] | None = None) -> int:
    """Run a command in this process, and return its exit code. `words` defaults to the arguments of the process."""
    try:
        app(words, prog_name=NAME)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _check_folder() -> None:
    """Raise CommandError outside the root of the repository.

    Commands read samconfig.toml, templates/ and tools/ from the working directory.
    """
    if not environments.SAMCONFIG.exists():
        raise CommandError(f"This folder has no {environments.SAMCONFIG}. Run {NAME} from the root of the repository.")


def _failed(reason: str) -> int:
    output.problem(reason)
    return 1
