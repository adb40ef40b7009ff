"""The template as CloudFormation meets it: after AWS SAM's transform, by the translator that SAM CLI itself uses.

It lives in SAM CLI's own environment, since it wants other versions of what the functions use.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "sam" / "bin" / "python"

_PROGRAM = """
import json, sys
from samtranslator.translator.transform import transform

class NoPolicies:
    # Policies that a template names would be looked up in an account. Ours writes its own.
    def load(self):
        return {}

template, parameters = json.load(sys.stdin)
json.dump(transform(template, parameters, NoPolicies()), sys.stdout)
"""
# Where `sam deploy` would put the address of what it uploaded.
_UPLOADED = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


def transformed(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """`template` is plain data, `{"Ref": ...}` for `!Ref`. Raises CalledProcessError where SAM refuses it."""
    assert PYTHON.exists(), "SAM CLI is missing: run `make template` once"
    given: dict[str, Any] = json.loads(json.dumps(template))
    for part in (
        *given["Resources"].values(),
        *(
            {"Type": f"AWS::Serverless::{kind}", "Properties": properties}
            for kind, properties in given.get("Globals", {}).items()
        ),
    ):
        name = _UPLOADED.get(part["Type"])
        if name in part.get("Properties", {}):
            part["Properties"][name] = "s3://uploaded/file"
    # Without PYTHONPATH: it must not see our packages.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [PYTHON, "-W", "ignore", "-c", _PROGRAM],
        input=json.dumps([given, dict(parameters)]),
        env=environment | {"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
