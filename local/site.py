"""The static site, built from the templates. What can't be built leaves the one before in place."""

import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from local.terminal import Terminal

Build = Callable[[Path, Path], object]


def build_with_cli(templates: Path, out: Path) -> None:
    """As `referrals` builds it, with the code as it is now."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cli"]:
        del sys.modules[name]
    from cli import site

    site.build(templates, out)


def rebuild(build: Build, templates: Path, site: Path, terminal: Terminal) -> bool:
    fresh, old = site.with_name(site.name + ".new"), site.with_name(site.name + ".old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        build(templates, fresh)
    except Exception:
        shutil.rmtree(fresh, ignore_errors=True)
        terminal.say(f"The site can't be built; it stays as it was.\n{traceback.format_exc().rstrip()}", "ERROR", "site")
        return False
    if site.exists():
        site.rename(old)
    fresh.rename(site)
    shutil.rmtree(old, ignore_errors=True)
    return True
