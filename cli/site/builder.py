"""Build the static site: pages, assets, libraries and the dashboard."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cli.errors import CommandError
from cli.site import dashboard, libraries, translations
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.campaign import Campaign
from referral_intake.web.pages import Pages, asset_url, library_url

# The empty form. The page's script adds the submission id.
EMPTY_FORM = {"values": {}, "errors": [], "submission_id": "", "open": False}
# Search engines may index the pages, but not the API, which serves single referrals, or the team's dashboard.
ROBOTS = b"User-agent: *\nDisallow: /api/\nDisallow: /dashboard/\n"
# The file that the site serves from each npm package.
LIBRARIES = {"altcha": "dist/workers/pbkdf2.js"}
# The file of settings that the dashboard reads first. Each value is an output of the stack.
DASHBOARD_SETTINGS = Path("dashboard", "config.json")
SIGN_IN = {"authority": "SignInIssuer", "client_id": "SignInClient", "sign_in": "SignInUrl"}
# How long files of an earlier build are kept, in seconds.
GRACE = 3600


def dashboard_settings(output: Callable[[str], str]) -> dict[str, str]:
    """Return the sign-in settings of the dashboard, from the outputs of a stack."""
    return {name: output(output_name) for name, output_name in SIGN_IN.items()}


def write_dashboard_settings(out: Path, settings: dict[str, str]) -> None:
    _write(out / DASHBOARD_SETTINGS, json.dumps(settings, indent=1).encode())


def build(templates: Path, out: Path, campaign: str | None = None) -> None:
    """Write the site into `out`. Raise CommandError if a language lacks texts.

    A server may serve `out` during the build: files are written before the pages that load them.
    """
    known = _campaign(templates, campaign or Campaigns(templates).names()[0])
    if missing := translations.missing(templates, known):
        raise CommandError("\n".join(["These texts differ between languages:", *missing]))
    pages = {locale: Pages(templates, known, locale) for locale in known.locales}
    modules = libraries.folder(templates / "site")
    loaded = _loaded(templates, modules)
    board = dashboard.files(templates / "site", modules)
    for place, data in (loaded | board).items():
        _write(out / place, data)
    _write_pages(out, pages, known.locales[0])
    _remove_old(out / "assets", keep={place.name for place in loaded})
    _remove_old(out / dashboard.ASSETS, keep={place.parts[2] for place in board if len(place.parts) > 2})


def _loaded(templates: Path, modules: Path) -> dict[Path, bytes]:
    """Return the assets and libraries that the pages load, by their path in the site."""
    assets = {asset_url(templates, file.name): file.read_bytes() for file in (templates / "site" / "assets").iterdir()}
    scripts = {library_url(templates, name): _licensed(modules / name, path) for name, path in LIBRARIES.items()}
    return {Path(address.lstrip("/")): data for address, data in (assets | scripts).items()}


def _write_pages(out: Path, pages: dict[str, Pages], first: str) -> None:
    """Write the pages of every language. The page at `/` is in `first`."""
    _write(out / "robots.txt", ROBOTS)
    for locale, one in pages.items():
        _write(out / locale / "404.html", one.render("404.html", "/{locale}/").encode())
        guide = one.render("guide.html", "/{locale}/take-it-with-you.html")
        _write(out / locale / "take-it-with-you.html", guide.encode())
    forms = {locale: one.render("page.html", "/{locale}/", form=EMPTY_FORM).encode() for locale, one in pages.items()}
    for locale, html in forms.items():
        _write(out / locale / "index.html", html)
    # Served if the browser accepts no language of the campaign.
    _write(out / "index.html", forms[first])


def _campaign(templates: Path, name: str) -> Campaign:
    campaign = Campaigns(templates).get(name)
    if campaign is None:
        raise CommandError(f"There is no campaign named {name!r} in {templates / 'campaigns'}.")
    return campaign


def _licensed(package: Path, path: str) -> bytes:
    """Return a file of a package, with the license at the top. Every copy must include the license."""
    return b"/*\n%s\n*/\n%s" % ((package / "LICENSE.txt").read_bytes().strip(), (package / path).read_bytes())


def _write(file: Path, data: bytes) -> None:
    """Replace the file atomically, so that a reader never sees part of the content."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as stream:
        stream.write(data)
    unfinished = Path(stream.name)
    unfinished.chmod(0o644)  # A temporary file is readable by its owner only.
    unfinished.replace(file)


def _remove_old(folder: Path, keep: set[str]) -> None:
    """Remove files that no page loads and that are older than GRACE.

    Newer files stay, because a browser may still be loading a page of an earlier build.
    """
    for file in folder.iterdir():
        with suppress(FileNotFoundError):  # Another build may have removed it.
            if file.name not in keep and time.time() - file.stat().st_mtime > GRACE:
                shutil.rmtree(file) if file.is_dir() else file.unlink()
