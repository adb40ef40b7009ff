"""Compile all modules to bytecode. Otherwise compilation takes about half of a cold start (`make cold-starts`).

The bytecode is of the type `unchecked-hash`, which Python uses without comparing it with the source. Bytecode with time
stamps would be ignored, because SAM sets the time of every file in the zip to 1980. Only a Python of the same minor
version reads the bytecode.
"""

import subprocess
from pathlib import Path


class NotCompiled(RuntimeError):
    """A module can't be compiled, for example because this Python does not support its syntax."""


def compile_all(python: str, package: Path, place: str) -> None:
    """Compile the modules of a package. Raise NotCompiled if one fails.

    `place` is the path of the package in Lambda. It is stored in the bytecode instead of paths of this machine.
    """
    command = [python, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [*command, "-s", str(package), "-p", place, str(package)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotCompiled(f"{package}: {done.stdout}{done.stderr}")
