"""The environments of samconfig.toml: dev, staging and prod. Commands use the same settings as SAM."""

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
    """`parameters` are the template's parameters that the file sets."""

    name: str
    stack: str
    parameters: Mapping[str, str]
    region: str | None = None
    profile: str | None = None

    def aws(self) -> dict[str, str]:
        """Environment variables that select the account and region that SAM deploys to."""
        wanted = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "AWS_PROFILE": self.profile}
        return {name: value for name, value in wanted.items() if value}


def every(file: Path = SAMCONFIG) -> dict[str, Environment]:
    """The environments by name, with `default`."""
    sections = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    found = {name: _deploy(section) for name, section in sections.items() if isinstance(section, dict)}
    return {name: _environment(name, settings) for name, settings in found.items() if "stack_name" in settings}


def named(name: str, file: Path = SAMCONFIG) -> Environment:
    """Raises CommandError if the file has no such section."""
    known = every(file)
    if name not in known:
        raise CommandError(f"{file} has no environment {name!r}. It has: {', '.join(known) or 'none'}.")
    return known[name]


def of_stack(stack: str, file: Path = SAMCONFIG) -> Environment | None:
    """The environment that is deployed as that stack, if the file has one."""
    return next((one for one in every(file).values() if one.stack == stack and one.name != DEFAULT), None)


def _deploy(section: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = section.get("deploy", {}).get("parameters", {})
    return settings


def _environment(name: str, settings: dict[str, Any]) -> Environment:
    overrides = settings.get("parameter_overrides", [])
    pairs = (one.partition("=") for one in (overrides.split() if isinstance(overrides, str) else overrides))
    parameters = {key: value.strip('"') for key, _, value in pairs}
    return Environment(name, settings["stack_name"], parameters, settings.get("region"), settings.get("profile"))
