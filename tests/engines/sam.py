"""The template after AWS SAM's transform, as CloudFormation gets it, by the translator of SAM CLI.

The translator runs in the environment of SAM CLI, because it needs other versions of some packages.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.waiting import CEILING

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "sam" / "bin" / "python"

TRANSFORM = ROOT / "tools" / "sam" / "transform.py"


def transformed(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """`template` is plain data, with `{"Ref": ...}` for `!Ref`. Raises CalledProcessError if SAM refuses it."""
    assert PYTHON.exists(), "SAM CLI is missing: run `make template` once"
    # Unsets PYTHONPATH, so that SAM does not import packages of this project.
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
            timeout=CEILING,
        )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
