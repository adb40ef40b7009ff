"""Builds the static site: the first page, the page for what is not there, and the files that both need."""

import tempfile
import time
from contextlib import suppress
from pathlib import Path

from cli import libraries
from referral_intake.adapters.campaigns import Campaigns
from referral_intake.adapters.pages import Pages

# Nothing was typed yet. The script, where there is one, makes the submission id.
EMPTY_FORM = {"values": {}, "errors": [], "submission_id": "", "open": False}
# The first page may be found; everything under /api is about somebody's referral.
ROBOTS = b"User-agent: *\nDisallow: /api/\n"
# What is served of npm's packages, file by file.
LIBRARIES = {"altcha": "dist/workers/pbkdf2.js"}
# For how many seconds a file stays that only an earlier page asked for.
GRACE = 3600


def build(templates: Path, out: Path, campaign: str = "star") -> None:
    """Writes the site into `out`. A server may serve it meanwhile: what a page asks for is there before the page."""
    pages = _pages(templates, campaign)
    assets = sorted((templates / "site" / "assets").iterdir())
    for file in assets:
        _write(out / pages.asset(file.name).lstrip("/"), file.read_bytes())
    modules = libraries.folder(templates / "site")
    for name, path in LIBRARIES.items():
        _write(out / pages.library(name).lstrip("/"), _licensed(modules / name, path))
    _write(out / "robots.txt", ROBOTS)
    _write(out / "404.html", pages.render("404.html").encode())
    _write(out / "index.html", pages.render("page.html", form=EMPTY_FORM).encode())
    kept = [pages.asset(file.name) for file in assets] + [pages.library(name) for name in LIBRARIES]
    _remove_old(out / "assets", keep={Path(address).name for address in kept})


def _pages(templates: Path, name: str) -> Pages:
    campaign = Campaigns(templates).get(name)
    if campaign is None:
        raise SystemExit(f"there is no campaign named {name!r} in {templates / 'campaigns'}")
    return Pages(templates, campaign, campaign.locales[0])


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
                file.unlink()
