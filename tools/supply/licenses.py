"""List the licenses of deployed third-party code: `python -m tools.supply.licenses` prints docs/licenses.md.

A test fails if a license is not in ALLOWED, or if the document differs from this output.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTIONS = "Every function"
LAYER = "The layer of `reports`"
SITE = "The site"
_REQUIREMENTS = {
    FUNCTIONS: ROOT / "functions" / "requirements.txt",
    LAYER: ROOT / "infra" / "layers" / "reports" / "requirements.txt",
}
NPM_LOCK = ROOT / "templates" / "site" / "package-lock.json"

ALLOWED = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "OFL-1.1", "PSF-2.0", "Unlicense"}
    # For unmodified libraries in files of their own, whose source is public: nameparser.
    | {"LGPL-2.1-or-later"}
)
"""Licenses that require only attribution, or the source of the library. A lawyer must approve additions."""

# Licenses of packages whose metadata lack an SPDX identifier, according to their license files.
_READ = {
    "altcha": "MIT",
    "crawler-user-agents": "MIT",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    # Dual-licensed: either license may be chosen.
    "python-dateutil": "Apache-2.0",
    "s3transfer": "Apache-2.0",
    "segno": "BSD-3-Clause",
}


@dataclass(frozen=True, slots=True)
class Shipped:
    name: str
    version: str
    license: str
    where: str


def shipped() -> Iterator[Shipped]:
    """Yield all deployed packages, by where they run. Metadata of Python packages are read from this environment."""
    for where, file in _REQUIREMENTS.items():
        for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", file.read_text("utf-8"), re.MULTILINE):
            yield Shipped(name, version, _license(name), where)
    for path, package in json.loads(NPM_LOCK.read_text("utf-8"))["packages"].items():
        if path:
            name = path.rpartition("node_modules/")[2]
            yield Shipped(name, package["version"], package.get("license", "unknown"), SITE)


def _license(name: str) -> str:
    said = metadata.metadata(name).json
    return _READ.get(name) or str(said.get("license_expression") or said.get("license") or "unknown")


def document() -> str:
    lines = [
        "# Licenses of dependencies",
        "",
        "The deployed third-party packages. Each includes the text of its license. `make sbom` writes this list",
        "for scanners, in CycloneDX format. To update this page, run",
        "`python -m tools.supply.licenses > docs/licenses.md`.",
    ]
    everything = sorted(shipped(), key=lambda one: one.name)
    for where in (*_REQUIREMENTS, SITE):
        lines += ["", f"## {where}", "", "| Package | Version | License |", "|---|---|---|"]
        lines += [f"| {one.name} | {one.version} | {one.license} |" for one in everything if one.where == where]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")
