"""Apply AWS SAM's transform to a template, with the translator that SAM CLI uses.

Run it in SAM CLI's environment: `.cache/sam/bin/python tools/sam/transform.py TEMPLATE [PARAMETERS] > RESULT.json`.
PARAMETERS is a JSON object.
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

# The properties in which `sam deploy` stores the URL of the uploaded code.
_UPLOADED = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class _NoPolicies:
    """Replaces the lookup of managed policies in an account. The template names none."""

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
    # The translator requires a region, which does not appear in the result.
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    file, given = Path(sys.argv[1]), json.loads((sys.argv[2:] or ["{}"])[0])
    json.dump(transformed(yaml_parse(file.read_text()), given), sys.stdout, indent=1)
