"""Settings and parts of the links function."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from referral_intake.core.ports import Referrals, Suppressions
from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from referral_intake.aws.signed_links import Link, Links
    from referral_intake.web.pages import Site


@dataclass(frozen=True, slots=True)
class LinksSettings(Settings):
    table_name: str
    templates_dir: Path
    site_url: str
    signing_keys_secret: str


class LetterCodes(Protocol):
    """`aws.letter_codes` implements it."""

    def find(self, code: str) -> "Link | None": ...


@dataclass(frozen=True, slots=True)
class LinkParts:
    links: "Links"
    letter_codes: LetterCodes
    suppressions: Suppressions
    referrals: Referrals
    site: "Site"


@cache
def parts() -> LinkParts:
    from referral_intake.aws import dynamodb, shared_wiring
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.doctor_table import DoctorTable
    from referral_intake.aws.letter_codes import LetterCodes
    from referral_intake.aws.referral_table import ReferralTable
    from referral_intake.aws.signed_links import Links
    from referral_intake.web.pages import Site

    settings = LinksSettings.read(os.environ)
    table, signing_keys = dynamodb.client(), shared_wiring.ring(settings.signing_keys_secret)
    return LinkParts(
        links=Links(signing_keys, settings.site_url),
        letter_codes=LetterCodes(signing_keys, table, settings.table_name),
        suppressions=DoctorTable(table, settings.table_name),
        referrals=ReferralTable(table, settings.table_name),
        site=Site(settings.templates_dir, settings.site_url, Campaigns(settings.templates_dir)),
    )
