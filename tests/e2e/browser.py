"""Finds or installs a Chromium for the browser tests: `python -m tests.e2e.browser` prints its path.

In this order: an installed one, Playwright's download, and the system's package manager if we may use it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from playwright.sync_api import sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_ON_THE_MACHINE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PACKAGE_MANAGERS = {
    "apt-get": ["apt-get", "install", "-y", "-q"],
    "dnf": ["dnf", "install", "-y", "-q"],
    "apk": ["apk", "add", "--quiet"],
}


def find() -> str | None:
    """The path of Chromium or Chrome, or None."""
    for name in _ON_THE_MACHINE:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None  # noqa: PTH110  (Playwright gives a string)


def _download() -> None:
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=600)


def _install_chromium() -> None:
    install({manager: ["chromium"] for manager in _PACKAGE_MANAGERS})


def install(packages: Mapping[str, Sequence[str]]) -> None:
    """Installs with the system's package manager, if it is one of these and we have the rights."""
    if os.geteuid() == 0:
        prefix = []
    elif subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0:
        prefix = ["sudo", "-n"]
    else:
        return
    if manager := next(filter(shutil.which, packages), None):
        if manager == "apt-get":
            subprocess.run([*prefix, "apt-get", "update", "-q"], check=False)
        subprocess.run([*prefix, *_PACKAGE_MANAGERS[manager], *packages[manager]], check=False, timeout=600)


def main() -> None:
    path = find()
    for get in (_download, _install_chromium):
        if path is None:
            get()
            path = find()
    if path is None:
        sys.exit("No Chromium: install one with your package manager, or make Playwright's download reachable.")
    print(f"Browser for the tests: {path}")


if __name__ == "__main__":
    main()
