"""Read the environments (dev, staging, prod) from samconfig.toml, so that commands use the same settings as SAM."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import CommandError

SAMCONFIG = Path("samconfig.toml")
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment of samconfig.toml. `parameters` are the template parameters that the file sets."""

    name: str
    stack: str
    parameters: Mapping[str, str]
    region: str | None = None
    profile: str | None = None

    def aws(self) -> dict[str, str]:
        """Return the environment variables that select the account and region that SAM deploys to."""
        wanted = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "AWS_PROFILE": self.profile}
        return {name: value for name, value in wanted.items() if value}


def every(file: Path = SAMCONFIG) -> dict[str, Environment]:
    """Return the environments by name, including `default`. Without the file, there are none."""
    sections = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    found = {name: _deploy(section) for name, section in sections.items() if isinstance(section, dict)}
    return {name: _environment(name, settings) for name, settings in found.items() if "stack_name" in settings}


def named(name: str, file: Path = SAMCONFIG) -> Environment:
    """Return the environment of that name. Raise CommandError if the file has no such section."""
    known = every(file)
    if name not in known:
        raise CommandError(f"{file} has no environment {name!r}. It has: {', '.join(known) or 'none'}.")
    return known[name]


def of_stack(stack: str, file: Path = SAMCONFIG) -> Environment | None:
    """Return the environment that is deployed as that stack, or None. `default` is never returned."""
    return next((one for one in every(file).values() if one.stack == stack and one.name != DEFAULT), None)


def _deploy(section: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = section.get("deploy", {}).get("parameters", {})
    return settings


def _environment(name: str, settings: dict[str, Any]) -> Environment:
    overrides = settings.get("parameter_overrides", [])
    pairs = (one.partition("=") for one in (overrides.split() if isinstance(overrides, str) else overrides))
    parameters = {key: value.strip('"') for key, _, value in pairs}
    return Environment(name, settings["stack_name"], parameters, settings.get("region"), settings.get("profile"))
