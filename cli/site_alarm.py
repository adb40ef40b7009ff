"""The alarm for errors of the site. It is a stack of its own: CloudFront sends its metrics only to us-east-1."""

from collections.abc import Mapping
from pathlib import Path

from cli.environments import Environment

TEMPLATE = Path("infra/site-errors.yaml")
REGION = "us-east-1"


def is_wanted(environment: Environment) -> bool:
    given = environment.parameters
    return bool(given.get("AlarmsAddress")) and given.get("Monitoring") != "false"


def stack_name(environment: Environment) -> str:
    return f"{environment.stack}-site-errors"


def parameters(environment: Environment, distribution_id: str) -> Mapping[str, str]:
    return {"DistributionId": distribution_id, "AlarmsAddress": environment.parameters["AlarmsAddress"]}
