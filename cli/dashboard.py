"""The dashboard's part of the site: `dashboard/index.html`, and under one address everything that it loads.

Modules ask for each other by relative addresses, which a strict Content-Security-Policy allows without an import map.
So they lie in one folder, named by what is in it, and may be cached for ever.
"""

import hashlib
from pathlib import Path

FOLDER = Path("dashboard")
ASSETS = FOLDER / "assets"
_LIT = ("lit-html.js", "directive.js", "directive-helpers.js", "directives/live.js", "directives/repeat.js")
# Of each package: what is served, file by file, and its license, which asks to come with every copy. The last two are
# inside of what the packages before them have built.
LIBRARIES = {
    "lit-html": (*_LIT, "LICENSE"),
    "oidc-client-ts": ("dist/browser/oidc-client-ts.min.js", "LICENSE"),
    "chart.js": ("dist/chart.umd.min.js", "LICENSE.md"),
    "jwt-decode": ("LICENSE",),
    "@kurkle/color": ("LICENSE.md",),
}


def files(site: Path, modules: Path) -> dict[Path, bytes]:
    """All of it by its place in the built site. `index.html` comes last, since it asks for the rest."""
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
    """All modules at once, rather than one after the other as each is found in the one before."""
    scripts = sorted((folder / name).as_posix() for name in own if name.suffix == ".js")
    return "\n".join(f'<link rel="modulepreload" href="/{script}">' for script in scripts)


def _without_map(data: bytes) -> bytes:
    """Source maps are not served, so nothing should ask for them."""
    return b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"//# sourceMappingURL="))
