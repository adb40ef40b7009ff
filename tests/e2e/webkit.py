"""WebKit, the engine of all browsers on iPhones: `python -m tests.e2e.webkit` installs it, or says why it cannot.

Debian and Ubuntu provide a browser for tests, which needs a screen: Xvfb simulates one.
"""

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import WebKitGTK, WebKitGTKOptions
from selenium.webdriver.webkitgtk.service import Service

from tests.e2e import browser

PACKAGES = ("webkit2gtk-driver", "xvfb")
MISSING = (
    "WebKit is missing, so the site was not tested as on an iPhone. "
    f"On Debian and Ubuntu: apt-get install {' '.join(PACKAGES)}"
)


def find() -> str | None:
    """The path of the browser, or None if the browser or one of its dependencies is missing."""
    found = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
    needed = shutil.which("WebKitWebDriver") and shutil.which("Xvfb")
    return str(found) if found and needed else None


def can_be_had() -> bool:
    """Whether this system provides the browser. If it does, the browser is required."""
    return bool(shutil.which("apt-get"))


@contextmanager
def opened() -> Iterator[WebKitGTK]:
    """A browser on a virtual screen."""
    path = find()
    assert path, MISSING
    with _screen() as display:
        options = WebKitGTKOptions()
        options.binary_location = path
        options.add_argument("--automation")
        environment = {**os.environ, "DISPLAY": display}
        service = Service(shutil.which("WebKitWebDriver"), env=environment)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Selenium's driver, for this browser only.
            driver = WebKitGTK(options=options, service=service)
        try:
            yield driver
        finally:
            driver.quit()


@contextmanager
def _screen() -> Iterator[str]:
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL)
    os.close(theirs)
    try:
        with os.fdopen(ours) as number:
            yield f":{number.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    if find() is None and can_be_had():
        browser.install({"apt-get": PACKAGES})
    print(f"WebKit for the tests: {find()}" if find() else f"WARNING: {MISSING}")


if __name__ == "__main__":
    main()
