"""Settings and parts of the outreach function."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from referral_intake.core.settings import Settings

if TYPE_CHECKING:
    from referral_intake.outreach.delivery import Outreach


@dataclass(frozen=True, slots=True)
class OutreachSettings(Settings):
    table_name: str
    templates_dir: Path
    site_url: str
    hashing_keys_secret: str
    signing_keys_secret: str
    sender_address: str
    configuration_set: str
    referrals_per_source: int
    unapproved_content: str
    introduction_timing: str


@cache
def parts() -> "Outreach":
    from referral_intake.aws import dynamodb, ses, shared_wiring
    from referral_intake.aws.campaign_files import Campaigns
    from referral_intake.aws.claims import ClaimTable
    from referral_intake.aws.keys import DoctorHashes
    from referral_intake.aws.referral_table import ReferralTable
    from referral_intake.aws.signed_links import Links
    from referral_intake.outreach.delivery import Outreach
    from referral_intake.outreach.message_templates import MessageComposer
    from referral_intake.outreach.screening_counts import ScreeningCountTable
    from referral_intake.outreach.throttle import Throttle

    settings = OutreachSettings.read(os.environ)
    table, now = dynamodb.client(), shared_wiring.now
    mail = ses.client()
    links = Links(shared_wiring.ring(settings.signing_keys_secret), settings.site_url)
    hashing_keys = shared_wiring.ring(settings.hashing_keys_secret)
    hashes = DoctorHashes(hashing_keys)
    approved_only = settings.unapproved_content == "refuse"
    return Outreach(
        referrals=ReferralTable(table, settings.table_name),
        claims=ClaimTable(table, settings.table_name),
        throttle=Throttle(table, settings.table_name, ses.SesAccount(mail, now).quota, now, hashes.of_value),
        composer=MessageComposer(settings.templates_dir, links, settings.site_url, approved_only=approved_only),
        mailer=ses.SesMailer(mail, settings.sender_address, settings.configuration_set),
        doctor_keys=hashes,
        screening_counts=ScreeningCountTable(
            table, settings.table_name, hashing_keys, settings.referrals_per_source, now
        ),
        find_campaign=Campaigns(settings.templates_dir).get,
        now=now,
        keeps_schedule=settings.introduction_timing == "scheduled",
    )
