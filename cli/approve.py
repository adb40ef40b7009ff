"""Approval: what was read is written down, file by file, and only that may be sent."""

import argparse
import json
import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from referral_intake.aws import content_digests


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "approve",
        help="write down that a campaign's wording was read and may be sent",
        description="Writes approval.toml beside campaign.toml: who approved, for which days, and every file as it is.",
    )
    command.add_argument("campaign", help="for instance star")
    command.add_argument("--by", required=True, help="who approves: a person or an office")
    command.add_argument("--version", help="a name for this wording (by default this month, as 2026-11)")
    command.add_argument("--until", type=date.fromisoformat, help="its last day, as 2027-10-31 (by default a year on)")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    today = datetime.now(UTC).date()
    until = arguments.until or today + timedelta(days=364)
    version = arguments.version or f"{today:%Y-%m}"
    for path in approve(Path("templates"), arguments.campaign, arguments.by, today, until, version):
        print(f"new or changed: templates/{path}")
    print(f"{arguments.campaign} may be sent as it is now, from {today} to {until}, as version {version}.")
    return 0


# What Amazon SES takes as the value of a tag.
_VERSION = re.compile(r"[A-Za-z0-9_-]{1,32}")


def approve(templates: Path, campaign: str, by: str, on: date, until: date, version: str) -> list[str]:
    """Writes the campaign's `approval.toml`. Returns the files that differ from those approved before."""
    file = templates / "campaigns" / campaign / "approval.toml"
    if not file.with_name("campaign.toml").exists():
        raise SystemExit(f"There is no campaign named {campaign!r} in {templates / 'campaigns'}.")
    if not _VERSION.fullmatch(version):
        raise SystemExit("A version is at most 32 letters, digits, - and _: it travels as a tag of the message.")
    if until < on:
        raise SystemExit(f"The approval would end ({until}) before it begins ({on}).")
    before = tomllib.loads(file.read_text("utf-8"))["content"] if file.exists() else {}
    content = content_digests.digests(templates, content_digests.to_approve(templates, campaign))
    file.write_text(_toml(content, version, by, on, until), "utf-8")
    return changed(before, content)


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Paths of the files that are new, gone, or other than they were."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))


def _toml(content: dict[str, str], version: str, by: str, on: date, until: date) -> str:
    lines = [
        "# Written by `python -m cli approve`, once people have read what is listed here. Outreach sends nothing",
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
    """A basic string of TOML, which escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)
