"""`site`: build the static site."""

from pathlib import Path
from typing import Annotated

import typer

from cli import output, stacks
from cli.site import builder


def command(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write the site.")] = Path("build/site"),
    stack: Annotated[
        str | None, typer.Option(metavar="NAME", help="CloudFormation stack whose team can sign in to the dashboard.")
    ] = None,
) -> int:
    """Build the static site.

    Without `--stack`, users can't sign in to the dashboard of the site, and the command does not call AWS.
    """
    settings = builder.dashboard_settings(stacks.select(stack).output) if stack else None
    builder.build(Path("templates"), out)
    if settings is None:
        output.note("Users can't sign in to this dashboard. To allow it, name the stack of their team with --stack.")
    else:
        builder.write_dashboard_settings(out, settings)
    return 0
