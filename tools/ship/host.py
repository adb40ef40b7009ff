"""Build the functions for the architecture of this machine, because deployed functions are for arm64."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from samlocal.template import nested_stacks

ROOT = Path(__file__).parents[2]
_TEMPLATE = ROOT / "infra" / "template.yaml"
_ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class NotBuilt(RuntimeError):
    """The build failed. The message is the output of SAM."""


def build(folder: Path) -> Path:
    """Build into `folder`, and return SAM's build directory in it. Raise NotBuilt if the build fails."""
    folder.mkdir(parents=True, exist_ok=True)
    template = folder / "template.yaml"
    template.write_text(_for_host(_TEMPLATE.read_text("utf-8")), "utf-8")
    for nested in nested_stacks.files(_TEMPLATE)[1:]:
        shutil.copy(nested, folder)
    options = {
        "--template-file": template,
        # Paths in the template are relative to the folder of the original.
        "--base-dir": _TEMPLATE.parent,
        "--build-dir": folder / "built",
        "--cache-dir": folder / "cache",
    }
    command = [ROOT / "tools" / "sam" / "sam", "build", "--cached"]
    done = subprocess.run(
        [*map(str, command), *(str(word) for pair in options.items() for word in pair)],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise NotBuilt(done.stderr)
    return folder / "built"


def python() -> str:
    """Return the path of a Python with the minor version of the Lambda runtime. Raise NotBuilt if there is none."""
    done = subprocess.run([ROOT / "tools" / "sam" / "python"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotBuilt(done.stderr)
    return done.stdout.strip()


def _for_host(template: str) -> str:
    here = _ARCHITECTURES[platform.machine()]
    return template.replace("rchitectures: [arm64]", f"rchitectures: [{here}]").replace(
        "BuildArchitecture: arm64", f"BuildArchitecture: {here}"
    )
