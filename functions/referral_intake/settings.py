"""What each function is told by the template, through its environment. Read once, whole, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self


class MissingSettings(RuntimeError):
    """Names every variable that the function's environment lacks."""


@dataclass(frozen=True, slots=True)
class _Settings:
    """Each field is the environment variable of the same name in capitals."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        missing = [field.name.upper() for field in fields(cls) if not environment.get(field.name.upper())]
        if missing:
            raise MissingSettings(f"{cls.__name__}: set {', '.join(missing)} in infra/template.yaml")
        return cls(**{field.name: _typed(field.type, environment[field.name.upper()]) for field in fields(cls)})


def _typed(wanted: Any, value: str) -> str | Path | int:
    typed: str | Path | int = wanted(value)
    return typed


@dataclass(frozen=True, slots=True)
class EdgeSettings(_Settings):
    """Of every function that answers requests, beside its own."""

    origin_secret: str


@dataclass(frozen=True, slots=True)
class IntakeSettings(_Settings):
    table_name: str
    templates_dir: Path
    site_url: str
    hashing_keys_secret: str
    challenge_tries: int
    fill_seconds: int


@dataclass(frozen=True, slots=True)
class OutreachSettings(_Settings):
    table_name: str
    templates_dir: Path
    site_url: str
    hashing_keys_secret: str
    signing_keys_secret: str
    sender_address: str
    configuration_set: str
    referrals_per_source: int
    unapproved_content: str


@dataclass(frozen=True, slots=True)
class WakeSettings(_Settings):
    table_name: str
    stats_table_name: str
    templates_dir: Path


@dataclass(frozen=True, slots=True)
class FeedbackSettings(_Settings):
    table_name: str
    templates_dir: Path
    hashing_keys_secret: str
    stack_name: str


@dataclass(frozen=True, slots=True)
class LinksSettings(_Settings):
    table_name: str
    templates_dir: Path
    site_url: str
    signing_keys_secret: str


@dataclass(frozen=True, slots=True)
class StatsSettings(_Settings):
    stats_table_name: str


@dataclass(frozen=True, slots=True)
class LookupSettings(_Settings):
    table_name: str
    registry_url: str


@dataclass(frozen=True, slots=True)
class DashboardSettings(_Settings):
    table_name: str
    stats_table_name: str
    hashing_keys_secret: str
    templates_dir: Path
    report_files: str
    report_jobs_url: str
    user_pool_id: str


@dataclass(frozen=True, slots=True)
class ReportsSettings(_Settings):
    table_name: str
    stats_table_name: str
    templates_dir: Path
    site_url: str
    hashing_keys_secret: str
    signing_keys_secret: str
    sender_address: str
    summary_configuration_set: str
    report_files: str
    report_jobs_url: str
    unapproved_content: str
    user_pool_id: str
