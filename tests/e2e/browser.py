"""Finds a Chromium for the browser tests, or gets one: `python -m tests.e2e.browser` prints which it is.

In this order: one that is on the machine, Playwright's own download, the system's package manager where we may use it.
"""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_ON_THE_MACHINE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PACKAGE_MANAGERS = (
    ("apt-get", ["apt-get", "install", "-y", "-q", "chromium"]),
    ("dnf", ["dnf", "install", "-y", "-q", "chromium"]),
    ("apk", ["apk", "add", "--quiet", "chromium"]),
)


def find() -> str | None:
    """The path of a Chromium or Chrome, or None."""
    for name in _ON_THE_MACHINE:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None  # noqa: PTH110  (Playwright gives a string)


def _download() -> None:
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=600)


def _install_with_package_manager() -> None:
    if os.geteuid() == 0:
        prefix = []
    elif subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0:
        prefix = ["sudo", "-n"]
    else:
        return
    for manager, command in _PACKAGE_MANAGERS:
        if shutil.which(manager):
            if manager == "apt-get":
                subprocess.run([*prefix, "apt-get", "update", "-q"], check=False)
            subprocess.run([*prefix, *command], check=False, timeout=600)
            return


def main() -> None:
    path = find()
    for get in (_download, _install_with_package_manager):
        if path is None:
            get()
            path = find()
    if path is None:
        sys.exit("No Chromium: install one with your package manager, or make Playwright's download reachable.")
    print(f"Browser for the tests: {path}")


if __name__ == "__main__":
    main()
