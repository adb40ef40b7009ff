"""A build for this machine, in read-only folders as on Lambda. It is built again only if a source file changed."""

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.ship import __main__ as ship
from tools.ship import built, host
from tools.ship.built import Built

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cache" / "artifact"
SOURCES = ("functions", "infra", "tools/sam", "tools/ship")


@contextmanager
def available() -> Iterator[Built]:
    done, sources = FOLDER / "sources", _digest_of_sources()
    if not done.exists() or done.read_text() != sources:
        _set_writable(allowed=True)
        ship.prepare(built.read(host.build(FOLDER)), host.python())
        done.write_text(sources)
    build = built.read(FOLDER / "built")
    _set_writable(allowed=False)
    try:
        yield build
    finally:
        # Otherwise only root could delete them.
        _set_writable(allowed=True)


def _digest_of_sources() -> str:
    files = [file for place in SOURCES for file in sorted((ROOT / place).rglob("*")) if file.is_file()]
    read = [f"{file} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files if file.suffix != ".pyc"]
    return hashlib.sha256("\n".join(read).encode()).hexdigest()


def _set_writable(*, allowed: bool) -> None:
    folder = FOLDER / "built"
    for path in (folder, *folder.rglob("*")) if folder.exists() else ():
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IWUSR if allowed else mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
