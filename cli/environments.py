"""The environments of samconfig.toml: `dev`, `staging`, `prod`. What SAM deploys with is what the commands go by."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMCONFIG = Path("samconfig.toml")


@dataclass(frozen=True, slots=True)
class Environment:
    """`parameters` are those of the template that the file sets."""

    name: str
    stack: str
    parameters: Mapping[str, str]
    region: str | None = None
    profile: str | None = None

    def aws(self) -> dict[str, str]:
        """What AWS's environment must say, so that we meet the account that SAM deploys to."""
        said = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "AWS_PROFILE": self.profile}
        return {name: value for name, value in said.items() if value}


def named(name: str, file: Path = SAMCONFIG) -> Environment:
    """Raises SystemExit where the file has no such section."""
    every = _read(file)
    if name not in every:
        raise SystemExit(f"{file} has no environment {name!r}. It has: {', '.join(every) or 'none'}.")
    return every[name]


def of_stack(stack: str, file: Path = SAMCONFIG) -> Environment | None:
    """The environment that is deployed as that stack; None where the file has none."""
    return next((one for one in _read(file).values() if one.stack == stack and one.name != "default"), None)


def _read(file: Path) -> dict[str, Environment]:
    sections = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    found = {name: _deploy(section) for name, section in sections.items() if isinstance(section, dict)}
    return {name: _environment(name, said) for name, said in found.items() if "stack_name" in said}


def _deploy(section: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = section.get("deploy", {}).get("parameters", {})
    return said


def _environment(name: str, said: dict[str, Any]) -> Environment:
    overrides = said.get("parameter_overrides", [])
    pairs = (one.partition("=") for one in (overrides.split() if isinstance(overrides, str) else overrides))
    parameters = {key: value.strip('"') for key, _, value in pairs}
    return Environment(name, said["stack_name"], parameters, said.get("region"), said.get("profile"))
