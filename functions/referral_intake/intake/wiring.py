"""Settings and parts of the intake function."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from referral_intake.core.ports import Referrals
from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from referral_intake.aws.keys import Ring
    from referral_intake.core.doctor import Doctor
    from referral_intake.core.referral import Referral
    from referral_intake.intake.bot_detection import Proof
    from referral_intake.web.pages import Site


class Challenges(Protocol):
    def new(self, binding: str, network: str, now: datetime) -> dict[str, Any]: ...
    def read(self, sent: object, network: str) -> "Proof | None": ...


class SourceKeys(Protocol):
    def of_day(self, now: datetime) -> bytes:
        """Return the key of the day. Raise Unavailable."""


class Signatures(Protocol):
    def is_valid(self, doctor: "Doctor", signature: object) -> bool: ...


class Suspected(Protocol):
    def group_for(self, referral: "Referral", now: datetime) -> str | None: ...


@dataclass(frozen=True, slots=True)
class IntakeSettings(Settings):
    table_name: str
    templates_dir: Path
    site_url: str
    hashing_keys_secret: str
    source_keys_table_name: str
    challenge_tries: int
    fill_seconds: int
    referrals_per_source: int


@dataclass(frozen=True, slots=True)
class IntakeParts:
    """`fill_time` is the least time in which a person can fill in the form."""

    referrals: Referrals
    site: "Site"
    hashing_keys: "Ring"
    source_keys: SourceKeys
    challenges: Challenges
    signatures: Signatures
    suspected: Suspected
    fill_time: timedelta


@cache
def parts() -> IntakeParts:
    from referral_intake.aws import dynamodb, shared_wiring
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.referral_table import ReferralTable
    from referral_intake.aws.registry_signatures import RegistrySignatures
    from referral_intake.aws.source_keys import SourceKeys
    from referral_intake.intake.challenges import Challenges
    from referral_intake.intake.suspected import SuspectedSubmissions
    from referral_intake.web.pages import Site

    settings = IntakeSettings.read(os.environ)
    table = dynamodb.client()
    hashing_keys = shared_wiring.ring(settings.hashing_keys_secret)
    return IntakeParts(
        referrals=ReferralTable(table, settings.table_name),
        site=Site(settings.templates_dir, settings.site_url, Campaigns(settings.templates_dir)),
        hashing_keys=hashing_keys,
        source_keys=SourceKeys(table, settings.source_keys_table_name),
        challenges=Challenges(hashing_keys, settings.challenge_tries),
        signatures=RegistrySignatures(hashing_keys),
        suspected=SuspectedSubmissions(table, settings.table_name, settings.referrals_per_source),
        fill_time=timedelta(seconds=settings.fill_seconds),
    )
