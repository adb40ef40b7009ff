"""The template as CloudFormation meets it: after AWS SAM's transform, by the translator that SAM CLI itself uses.

Run in SAM CLI's environment: `.cache/sam/bin/python tools/sam/transform.py TEMPLATE [PARAMETERS] > RESULT.json`, the
parameters in JSON.
"""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

# Where `sam deploy` puts the address of what it uploaded.
_UPLOADED = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class _NoPolicies:
    """Managed policies that a template names are looked up in an account. Ours names none."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    template.setdefault("Globals", {}).setdefault("Function", {})["CodeUri"] = "s3://uploaded/code"
    for resource in template["Resources"].values():
        if name := _UPLOADED.get(resource["Type"]):
            resource.setdefault("Properties", {})[name] = "s3://uploaded/code"
    result: dict[str, Any] = transform(template, parameters, _NoPolicies())
    return result


if __name__ == "__main__":
    # The translator wants one; whichever it is, none is in what comes out.
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    file, given = Path(sys.argv[1]), json.loads((sys.argv[2:] or ["{}"])[0])
    json.dump(transformed(yaml_parse(file.read_text()), given), sys.stdout, indent=1)
