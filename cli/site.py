"""`site`: builds the static site: the first page, the page for what is not there, and the files that both need."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli import dashboard, libraries, stacks, texts
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.campaign import Campaign
from referral_intake.web.pages import Pages

# Nothing was typed yet. The script, where there is one, makes the submission id.
EMPTY_FORM = {"values": {}, "errors": [], "submission_id": "", "open": False}
# The first page may be found; everything under /api is about somebody's referral, and the dashboard is for our people.
ROBOTS = b"User-agent: *\nDisallow: /api/\nDisallow: /dashboard/\n"
# What is served of npm's packages, file by file.
LIBRARIES = {"altcha": "dist/workers/pbkdf2.js"}
# What the dashboard asks for first: each value is an output of the stack.
DASHBOARD_SETTINGS = Path("dashboard", "config.json")
SIGN_IN = {"authority": "SignInIssuer", "client_id": "SignInClient", "sign_in": "SignInUrl"}
# For how many seconds a file stays that only an earlier page asked for.
GRACE = 3600


def add_to(commands: Any) -> None:
    command = commands.add_parser("site", help="build the static site")
    command.add_argument("--out", type=Path, default=Path("build/site"), help="the folder (default: build/site)")
    command.add_argument("--stack", help="the CloudFormation stack whose team is to sign in at the dashboard")
    command.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    settings = dashboard_settings(stacks.find(arguments.stack)) if arguments.stack else None
    build(Path("templates"), arguments.out)
    if settings is None:
        print("Nobody can sign in at this dashboard. With --stack, it is told where.", file=sys.stderr)
        return 0
    _write(arguments.out / DASHBOARD_SETTINGS, json.dumps(settings, indent=1).encode())
    return 0


def dashboard_settings(stack: stacks.Stack) -> dict[str, str]:
    """Where the dashboard's page signs people in. Raises NoStack where the stack does not say."""
    return {name: stack.output(output) for name, output in SIGN_IN.items()}


def build(templates: Path, out: Path, campaign: str | None = None) -> None:
    """Writes the site into `out`. A server may serve it meanwhile: what a page asks for is there before the page."""
    known = _campaign(templates, campaign or Campaigns(templates).names()[0])
    if missing := texts.missing(templates, known):
        raise SystemExit("\n".join(["These words are missing:", *missing]))
    every = {locale: Pages(templates, known, locale) for locale in known.locales}
    pages = every[known.locales[0]]
    assets = sorted((templates / "site" / "assets").iterdir())
    for file in assets:
        _write(out / pages.asset(file.name).lstrip("/"), file.read_bytes())
    modules = libraries.folder(templates / "site")
    for name, path in LIBRARIES.items():
        _write(out / pages.library(name).lstrip("/"), _licensed(modules / name, path))
    board = dashboard.files(templates / "site", modules)
    for place, data in board.items():
        _write(out / place, data)
    _write(out / "robots.txt", ROBOTS)
    _write(out / "404.html", pages.render("404.html", "/{locale}/").encode())
    for locale, one in every.items():
        _write(
            out / locale / "take-it-with-you.html", one.render("guide.html", "/{locale}/take-it-with-you.html").encode()
        )
    first = {locale: one.render("page.html", "/{locale}/", form=EMPTY_FORM).encode() for locale, one in every.items()}
    for locale, html in first.items():
        _write(out / locale / "index.html", html)
    # For whoever names no language, and reads none that there is.
    _write(out / "index.html", first[known.locales[0]])
    kept = [pages.asset(file.name) for file in assets] + [pages.library(name) for name in LIBRARIES]
    _remove_old(out / "assets", keep={Path(address).name for address in kept})
    _remove_old(out / dashboard.ASSETS, keep={place.parts[2] for place in board if len(place.parts) > 2})


def _campaign(templates: Path, name: str) -> Campaign:
    campaign = Campaigns(templates).get(name)
    if campaign is None:
        raise SystemExit(f"there is no campaign named {name!r} in {templates / 'campaigns'}")
    return campaign


def _licensed(package: Path, path: str) -> bytes:
    """A file of a package, under its license, which asks to come with every copy."""
    return b"/*\n%s\n*/\n%s" % ((package / "LICENSE.txt").read_bytes().strip(), (package / path).read_bytes())


def _write(file: Path, data: bytes) -> None:
    """Replaces the file in one go: a reader gets the old one or the new one, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as stream:
        stream.write(data)
    unfinished = Path(stream.name)
    unfinished.chmod(0o644)  # Made for its owner only.
    unfinished.replace(file)


def _remove_old(folder: Path, keep: set[str]) -> None:
    """Removes what no page asks for any more, but not at once: a browser may be loading the page before this one."""
    for file in folder.iterdir():
        with suppress(FileNotFoundError):  # Another build may be at it too.
            if file.name not in keep and time.time() - file.stat().st_mtime > GRACE:
                shutil.rmtree(file) if file.is_dir() else file.unlink()
