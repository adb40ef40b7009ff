"""Read a function's settings from its environment variables, which infra/template.yaml sets."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self


class MissingSettings(RuntimeError):
    """Names every variable that is missing in the function's environment."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Base of a function's settings. Each field is the environment variable of the same name in capitals."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read all fields. Raise MissingSettings if a variable is absent or empty."""
        missing = [field.name.upper() for field in fields(cls) if not environment.get(field.name.upper())]
        if missing:
            raise MissingSettings(f"{cls.__name__}: set {', '.join(missing)} in infra/template.yaml")
        return cls(**{field.name: _typed(field.type, environment[field.name.upper()]) for field in fields(cls)})


def _typed(wanted: Any, value: str) -> str | Path | int:
    typed: str | Path | int = wanted(value)
    return typed
