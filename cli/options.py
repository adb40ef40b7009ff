"""Define the options that several commands share."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import environments
from referral_intake.core.referral import parse_receipt


def _stack_names() -> list[str]:
    return sorted({environment.stack for environment in environments.every().values()})


def _campaign_names() -> list[str]:
    return sorted(file.parent.name for file in Path("templates/campaigns").glob("*/campaign.toml"))


def receipt(text: str) -> str:
    """Return the receipt in its standard form. Raise BadParameter if the text is not a receipt."""
    if known := parse_receipt(text):
        return known
    raise typer.BadParameter(f"{text} is not a receipt. Example of a receipt: K3QF-7ZTA-MM2X-PE5R.")


def day(text: str) -> date:
    """Parse a date in ISO 8601. Raise BadParameter if the text is not a date."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is not a date. Example of a date: 2026-11-22.") from error


def flag(name: str, text: str) -> Any:
    """Return a flag. An empty metavar is needed, because otherwise the help of Typer shows it with a value, <bool>."""
    return typer.Option(name, help=text, metavar="")


Stack = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="CloudFormation stack, or the address of a running local stack, for example http://127.0.0.1:8080.",
        show_default="the stack of the default environment in samconfig.toml",
        autocompletion=_stack_names,
    ),
]
AsJson = Annotated[bool, flag("--json", "Print JSON to stdout.")]
EnvironmentName = Annotated[
    str,
    typer.Argument(
        metavar="ENVIRONMENT",
        help="Section of samconfig.toml: dev, staging or prod.",
        autocompletion=lambda: list(environments.every()),
    ),
]
Campaign = Annotated[
    str,
    typer.Argument(
        metavar="CAMPAIGN",
        help="Folder in templates/campaigns, for example star.",
        autocompletion=_campaign_names,
    ),
]
