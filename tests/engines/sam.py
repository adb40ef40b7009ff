"""The template as CloudFormation meets it: after AWS SAM's transform, by the translator that SAM CLI itself uses.

It lives in SAM CLI's own environment, since it wants other versions of what the functions use.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "sam" / "bin" / "python"

TRANSFORM = ROOT / "tools" / "sam" / "transform.py"


def transformed(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """`template` is plain data, `{"Ref": ...}` for `!Ref`. Raises CalledProcessError where SAM refuses it."""
    assert PYTHON.exists(), "SAM CLI is missing: run `make template` once"
    # Without PYTHONPATH: it must not see our packages.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(template, file)
        file.flush()
        done = subprocess.run(
            [PYTHON, TRANSFORM, file.name, json.dumps(dict(parameters))],
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
