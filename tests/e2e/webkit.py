"""WebKit, the engine of every browser on iPhones: `python -m tests.e2e.webkit` gets it, or says that it can't.

Debian and Ubuntu have it as a browser made for tests, which needs a screen: Xvfb stands in for one.
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
    "There is no WebKit here, so nobody has looked at the site as an iPhone does. "
    f"On Debian and Ubuntu: apt-get install {' '.join(PACKAGES)}"
)


def find() -> str | None:
    """The path of the browser, or None where it or what it needs is missing."""
    found = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
    needed = shutil.which("WebKitWebDriver") and shutil.which("Xvfb")
    return str(found) if found and needed else None


def can_be_had() -> bool:
    """Whether this is a system that has it: there it must be there."""
    return bool(shutil.which("apt-get"))


@contextmanager
def opened() -> Iterator[WebKitGTK]:
    """A browser, on a screen of its own."""
    path = find()
    assert path, MISSING
    with _screen() as display:
        options = WebKitGTKOptions()
        options.binary_location = path
        options.add_argument("--automation")
        environment = {**os.environ, "DISPLAY": display}
        service = Service(shutil.which("WebKitWebDriver"), env=environment)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Selenium's own, for this browser alone.
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
