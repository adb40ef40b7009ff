"""Bytecode for every module, so that a cold start need not compile it: about half of one (`make cold-starts`).

It says nothing of times or hashes of its source (`unchecked-hash`), since a zip for Lambda holds neither's truth: SAM
dates every file 1980, which voids what is compiled as usual. Only the runtime's own minor version of Python reads it.
"""

import subprocess
from pathlib import Path


class NotCompiled(RuntimeError):
    """A module has a syntax that this Python lacks, or the like."""


def compile_all(python: str, package: Path, place: str) -> None:
    """`place` is where Lambda will put the package: what ships tells no paths of this machine."""
    command = [python, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [*command, "-s", str(package), "-p", place, str(package)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotCompiled(f"{package}: {done.stdout}{done.stderr}")
