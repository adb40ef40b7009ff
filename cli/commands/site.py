"""`site`: build the static site."""

from pathlib import Path
from typing import Annotated

import typer

from cli import output, stacks
from cli.site import builder


def command(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write the site.")] = Path("build/site"),
    stack: Annotated[
        str | None, typer.Option(metavar="NAME", help="CloudFormation stack whose team signs in at the dashboard.")
    ] = None,
) -> int:
    """Build the static site.

    Without `--stack`, nobody can sign in at the site's dashboard, and AWS is not called.
    """
    settings = builder.dashboard_settings(stacks.select(stack).output) if stack else None
    builder.build(Path("templates"), out)
    if settings is None:
        output.note("Nobody can sign in at this dashboard. Name the team's stack with --stack.")
    else:
        builder.write_dashboard_settings(out, settings)
    return 0
