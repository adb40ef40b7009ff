"""Write software bills of materials in CycloneDX 1.5, for vulnerability scanners: `python -m tools.supply.sbom FOLDER`.

uv exports the packages of the functions and of the layer. This module adds their licenses and the npm packages.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.supply.licenses import NPM_LOCK, ROOT, shipped

_EXPORT = "export --quiet --locked --no-default-groups --no-emit-project --format cyclonedx1.5"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    bills = {"functions": _of_python(), "reports-layer": _of_python("--only-group", "reports"), "site": of_npm()}
    for name, bill in bills.items():
        file = folder / f"{name}.cdx.json"
        file.write_text(json.dumps(bill, indent=2) + "\n", "utf-8")
        print(f"{file}: {len(bill['components'])} packages")


def _of_python(*options: str) -> dict[str, Any]:
    command = [os.environ.get("UV", "uv"), *_EXPORT.split(), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return with_licenses(json.loads(done.stdout))


def with_licenses(bill: dict[str, Any]) -> dict[str, Any]:
    licenses = {one.name: one.license for one in shipped()}
    for component in bill["components"]:
        # An export also contains packages for other platforms such as Windows, which are not deployed.
        if identifier := licenses.get(component["name"]):
            component["licenses"] = [{"license": {"id": identifier}}]
    return bill


def of_npm() -> dict[str, Any]:
    packages = json.loads(NPM_LOCK.read_text("utf-8"))["packages"]
    named = {path.rpartition("node_modules/")[2]: package for path, package in packages.items() if path}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [_component(name, package) for name, package in sorted(named.items())],
    }


def _component(name: str, package: dict[str, Any]) -> dict[str, Any]:
    purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
    algorithm, _, digest = package["integrity"].partition("-")
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": package["version"],
        "purl": purl,
        "licenses": [{"license": {"id": package["license"]}}],
        "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
