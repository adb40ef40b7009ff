"""Assemble the dashboard: `dashboard/index.html`, and one folder with all files that it loads.

Modules import each other by relative paths, so no import map is needed, which a strict Content-Security-Policy would
block. The folder's name is a digest of its content, so browsers may cache its files forever.
"""

import hashlib
from pathlib import Path

FOLDER = Path("dashboard")
ASSETS = FOLDER / "assets"
_LIT = ("lit-html.js", "directive.js", "directive-helpers.js", "directives/live.js", "directives/repeat.js")
# The files that the site serves from each package. Every copy must include the license. The last two packages are
# bundled in the packages above them, so only their licenses are listed.
LIBRARIES = {
    "lit-html": (*_LIT, "LICENSE"),
    "oidc-client-ts": ("dist/browser/oidc-client-ts.min.js", "LICENSE"),
    "chart.js": ("dist/chart.umd.min.js", "LICENSE.md"),
    "jwt-decode": ("LICENSE",),
    "@kurkle/color": ("LICENSE.md",),
}


def files(site: Path, modules: Path) -> dict[Path, bytes]:
    """Return the files by their path in the built site. `index.html` is last, because it loads the others."""
    source = site / "dashboard"
    own = {file.relative_to(source): file.read_bytes() for file in sorted(source.rglob("*")) if file.is_file()}
    page = own.pop(Path("index.html")).decode()
    loaded = own | {
        Path("lib", name, file): _without_map((modules / name / file).read_bytes())
        for name, chosen in LIBRARIES.items()
        for file in chosen
    }
    folder = ASSETS / _version(loaded)
    written = page.replace("{assets}", f"/{folder.as_posix()}").replace("{preloads}", _preloads(folder, own))
    return {folder / name: data for name, data in loaded.items()} | {FOLDER / "index.html": written.encode()}


def _version(loaded: dict[Path, bytes]) -> str:
    whole = hashlib.sha256()
    for name, data in sorted(loaded.items()):
        whole.update(f"{name.as_posix()} {len(data)}\n".encode() + data)
    return whole.hexdigest()[:12]


def _preloads(folder: Path, own: dict[Path, bytes]) -> str:
    """Return `modulepreload` links, so that the browser loads all modules in parallel."""
    scripts = sorted((folder / name).as_posix() for name in own if name.suffix == ".js")
    return "\n".join(f'<link rel="modulepreload" href="/{script}">' for script in scripts)


def _without_map(data: bytes) -> bytes:
    """Remove references to source maps, which the site does not serve."""
    return b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"//# sourceMappingURL="))
