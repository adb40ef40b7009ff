"""Tools from npm, downloaded once as pinned by lock files in tools/, and above all those that check pages.

`python -m tests.engines.web` only downloads the tools that tests of pages need.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.engines.programs import CACHE, NoEngine, java, npm

_TOOLS = Path(__file__).parents[2] / "tools"
_ARGUMENTS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def axe() -> Path:
    """The axe-core script, which runs in a page."""
    return modules("web") / "axe-core" / "axe.min.js"


def nu() -> list[str]:
    """The command that checks HTML files."""
    return [java(), "-Xss4m", "-jar", str(modules("web") / "vnu-jar" / "build" / "dist" / "vnu.jar")]


def modules(tool: str) -> Path:
    """The `node_modules` of a folder in tools/."""
    lock = (_TOOLS / tool / "package-lock.json").read_bytes()
    folder = CACHE / f"{tool}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not folder.is_dir():
        _fetch(_TOOLS / tool, folder)
    return folder / "node_modules"


def _fetch(tool: Path, folder: Path) -> None:
    CACHE.mkdir(exist_ok=True)
    # Downloads to a temporary folder and renames it at the end, so that an existing folder is complete.
    with tempfile.TemporaryDirectory(dir=CACHE, ignore_cleanup_errors=True) as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(tool / name, scratch)
        # The lock file has a hash of each package. Install scripts do not run.
        command = [*npm(), "ci", *_ARGUMENTS, "--prefix", scratch]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise NoEngine(f"npm could not fetch what {tool.name} needs: {done.stderr.strip()}")
        with suppress(OSError):  # Another process may have finished first.
            Path(scratch).rename(folder)


def main() -> None:
    try:
        sys.stdout.write(f"For the pages: {axe()}, {' '.join(nu())}\n")
    except NoEngine as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
