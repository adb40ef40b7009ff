"""njs, the JavaScript engine on which the runtime of CloudFront Functions is based.

`python -m tests.engines.njs` installs it, or says why it cannot. Debian and Ubuntu provide it.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.e2e import browser

PACKAGES = ("njs",)
MISSING = (
    "njs is missing, so the functions of CloudFront were not tested. "
    f"On Debian and Ubuntu: apt-get install {' '.join(PACKAGES)}"
)


def find() -> str | None:
    """The path of njs, or None."""
    return shutil.which("njs")


def can_be_had() -> bool:
    """Whether this system provides njs. If it does, njs is required."""
    return bool(shutil.which("apt-get"))


def handled(code: str, events: Sequence[Any]) -> list[Any]:
    """What the function `handler` of this code returns for each event, in one process."""
    path = find()
    assert path, MISSING
    call = f"JSON.stringify({json.dumps(events)}.map(function (one) {{ return handler(one); }}))"
    # console.log() cuts long texts.
    script = f"{code}\nrequire('fs').writeFileSync('/dev/stdout', {call});"
    done = subprocess.run([path, "-"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    answers: list[Any] = json.loads(done.stdout)
    return answers


def main() -> None:
    if find() is None and can_be_had():
        browser.install({"apt-get": PACKAGES})
    sys.stdout.write(f"njs for the tests: {find()}\n" if find() else f"WARNING: {MISSING}\n")


if __name__ == "__main__":
    main()
