"""The only place that builds adapters: lazily, once per process, from the environment of the function that asks.

Each function imports only what it uses: that is most of a cold start.
"""

import os
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from referral_intake.settings import (
    DashboardSettings,
    EdgeSettings,
    FeedbackSettings,
    IntakeSettings,
    LinksSettings,
    LookupSettings,
    OutreachSettings,
    ReportsSettings,
    StatsSettings,
    WakeSettings,
)
from referral_intake.wiring import shared

if TYPE_CHECKING:
    from referral_intake.adapters.counting_table import CountingTable
    from referral_intake.adapters.edge import Edge
    from referral_intake.domain.outreach import Outreach
    from referral_intake.wiring.parts import Feedback, Gauges, Intake, LinkParts, Lookup, Wake
    from referral_intake.wiring.team import Dashboard, Reports


@cache
def edge() -> "Edge":
    from referral_intake.adapters.edge import Edge

    return Edge(shared.secrets(), EdgeSettings.read(os.environ).origin_secret)


@cache
def intake() -> "Intake":
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.challenges import Challenges
    from referral_intake.adapters.pages import Site
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.wiring.parts import Intake

    settings = IntakeSettings.read(os.environ)
    hashing_keys = shared.ring(settings.hashing_keys_secret)
    return Intake(
        referrals=ReferralTable(dynamodb.client(), settings.table_name),
        site=Site(settings.templates_dir, settings.site_url),
        hashing_keys=hashing_keys,
        challenges=Challenges(hashing_keys, settings.challenge_tries),
        fill_time=timedelta(seconds=settings.fill_seconds),
    )


@cache
def outreach() -> "Outreach":
    from referral_intake.adapters import dynamodb, ses
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.claims import ClaimTable
    from referral_intake.adapters.keys import DoctorHashes
    from referral_intake.adapters.links import Links
    from referral_intake.adapters.messages import Messages
    from referral_intake.adapters.pace_table import PaceTable
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.adapters.sightings import SightingsTable
    from referral_intake.domain.outreach import Outreach

    settings = OutreachSettings.read(os.environ)
    table = dynamodb.client()
    mail = ses.client()
    links = Links(shared.ring(settings.signing_keys_secret), settings.site_url)
    hashing_keys = shared.ring(settings.hashing_keys_secret)
    approved_only = settings.unapproved_content == "refuse"
    return Outreach(
        referrals=ReferralTable(table, settings.table_name),
        claims=ClaimTable(table, settings.table_name),
        turns=PaceTable(table, settings.table_name, ses.SesAccount(mail, shared.now).quota, shared.now),
        messages=Messages(settings.templates_dir, links, settings.site_url, approved_only=approved_only),
        mailer=ses.SesMailer(mail, settings.sender_address, settings.configuration_set),
        doctor_keys=DoctorHashes(hashing_keys),
        sightings=SightingsTable(table, settings.table_name, hashing_keys, settings.referrals_per_source, shared.now),
        campaign_named=Campaigns(settings.templates_dir).get,
        now=shared.now,
    )


@cache
def wake() -> "Wake":
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.wiring.parts import Wake

    settings = WakeSettings.read(os.environ)
    return Wake(ReferralTable(dynamodb.client(), settings.table_name), Campaigns(settings.templates_dir))


@cache
def gauges() -> "Gauges":
    """Those of `wake`."""
    from referral_intake.adapters import dynamodb, ses
    from referral_intake.adapters.breaker_table import BreakerTable
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.stats_table import StatsTable
    from referral_intake.wiring.parts import Gauges

    settings = WakeSettings.read(os.environ)
    table = dynamodb.client()
    return Gauges(
        campaigns=Campaigns(settings.templates_dir),
        breaker=BreakerTable(table, settings.table_name),
        stats=StatsTable(table, settings.stats_table_name),
        quota=ses.SesAccount(ses.client(), shared.now).quota,
    )


@cache
def feedback() -> "Feedback":
    from referral_intake.adapters import announcements, dynamodb
    from referral_intake.adapters.breaker_table import BreakerTable
    from referral_intake.adapters.campaigns import Campaigns
    from referral_intake.adapters.claims import ClaimTable
    from referral_intake.adapters.keys import DoctorHashes
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.wiring.parts import Feedback

    settings = FeedbackSettings.read(os.environ)
    table = dynamodb.client()
    return Feedback(
        referrals=ReferralTable(table, settings.table_name),
        suppressions=ClaimTable(table, settings.table_name),
        doctor_keys=DoctorHashes(shared.ring(settings.hashing_keys_secret)),
        campaigns=Campaigns(settings.templates_dir),
        breaker=BreakerTable(table, settings.table_name),
        announcements=announcements.Announcements(announcements.client, settings.stack_name),
    )


@cache
def links() -> "LinkParts":
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.claims import ClaimTable
    from referral_intake.adapters.links import Links
    from referral_intake.adapters.pages import Site
    from referral_intake.adapters.referral_table import ReferralTable
    from referral_intake.wiring.parts import LinkParts

    settings = LinksSettings.read(os.environ)
    table = dynamodb.client()
    return LinkParts(
        links=Links(shared.ring(settings.signing_keys_secret), settings.site_url),
        suppressions=ClaimTable(table, settings.table_name),
        referrals=ReferralTable(table, settings.table_name),
        site=Site(settings.templates_dir, settings.site_url),
    )


@cache
def stats() -> "CountingTable":
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.counting_table import CountingTable

    settings = StatsSettings.read(os.environ)
    return CountingTable(dynamodb.client(), settings.stats_table_name)


@cache
def lookup() -> "Lookup":
    from referral_intake.adapters import dynamodb
    from referral_intake.adapters.lookup_table import LookupTable
    from referral_intake.adapters.npi_registry import NpiRegistry
    from referral_intake.wiring.parts import Lookup

    settings = LookupSettings.read(os.environ)
    return Lookup(NpiRegistry(settings.registry_url), LookupTable(dynamodb.client(), settings.table_name))


@cache
def dashboard() -> "Dashboard":
    from referral_intake.wiring.team import Dashboard

    return Dashboard(DashboardSettings.read(os.environ))


@cache
def reports() -> "Reports":
    from referral_intake.wiring.team import Reports

    return Reports(ReportsSettings.read(os.environ))
