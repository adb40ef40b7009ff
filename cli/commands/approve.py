"""`approve`: record that the wording of a campaign is approved."""

import json
import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli import options, output
from cli.errors import CommandError
from referral_intake.aws import content_digests

TEMPLATES = Path("templates")
# Characters that SES accepts in the value of a message tag.
_VERSION = re.compile(r"[A-Za-z0-9_-]{1,32}")


def command(
    campaign: options.Campaign,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who approves: a person or an office.")],
    version: Annotated[str | None, typer.Option(help="Name of this version.", show_default="the month")] = None,
    until: Annotated[
        date | None,
        typer.Option(parser=options.day, metavar="DATE", help="Last day of the approval.", show_default="in a year"),
    ] = None,
    as_json: options.AsJson = False,
) -> int:
    """Record that the wording of a campaign is approved.

    Writes approval.toml next to campaign.toml, with the name of the approver, the days of the approval, and a digest of
    every file. Lists the files that are new or changed since the last approval. Outreach sends only approved content.
    """
    today = datetime.now(UTC).date()
    until = until or today + timedelta(days=364)
    version = version or f"{today:%Y-%m}"
    changes = approve(TEMPLATES, campaign, by, today, until, version)
    if as_json:
        output.print_json(
            {"campaign": campaign, "version": version, "from": today, "until": until, "changed_files": changes}
        )
        return 0
    for path in changes:
        print(f"new or changed: {TEMPLATES / path}")
    print(f"The current content of {campaign} is approved from {today} to {until}, as version {version}.")
    return 0


def approve(templates: Path, campaign: str, by: str, on: date, until: date, version: str) -> list[str]:
    """Write the campaign's `approval.toml`, and return the files that changed since the last approval.

    Raise CommandError if the campaign does not exist, or the version or the days are invalid.
    """
    file = templates / "campaigns" / campaign / "approval.toml"
    if not file.with_name("campaign.toml").exists():
        raise CommandError(f"There is no campaign named {campaign!r} in {templates / 'campaigns'}.")
    if not _VERSION.fullmatch(version):
        raise CommandError("A version has 1 to 32 letters, digits, - and _, because it becomes a tag in SES.")
    if until < on:
        raise CommandError(f"The last day of the approval ({until}) is before its first day ({on}).")
    before = tomllib.loads(file.read_text("utf-8"))["content"] if file.exists() else {}
    content = content_digests.digests(templates, content_digests.files_requiring_approval(templates, campaign))
    file.write_text(_toml(content, version, by, on, until), "utf-8")
    return changed(before, content)


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return the sorted paths of the files that are new, removed or changed. The arguments map paths to digests."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def _toml(content: dict[str, str], version: str, by: str, on: date, until: date) -> str:
    lines = [
        "# Written by `referrals approve`, after people have read the files listed here. Outreach sends nothing",
        "# else, and nothing outside of these days.",
        f"version = {_text(version)}",
        f"approved_by = {_text(by)}",
        f"approved_on = {on}",
        f"expires_on = {until}",
        "",
        "[content]",
        *(f"{_text(path)} = {_text(digest)}" for path, digest in sorted(content.items())),
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return a basic string of TOML. Its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
