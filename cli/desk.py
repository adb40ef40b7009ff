"""Acting on referrals from a terminal: by the rules of the dashboard, and recorded as there."""

import getpass
from functools import cache
from pathlib import Path

from cli.stacks import Stack
from referral_intake.adapters.action_table import ActionTable
from referral_intake.adapters.campaigns import Campaigns
from referral_intake.adapters.keys import DoctorHashes
from referral_intake.adapters.referral_table import ReferralTable
from referral_intake.adapters.secrets import Secrets
from referral_intake.domain.acting import Desk
from referral_intake.domain.people import Person, Role

TEMPLATES = Path("templates")


@cache
def operator() -> Person:
    """Whoever is logged in on this machine: the record of what is done names them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "operator"  # A container's user may have no name.
    return Person("command line", name, frozenset({Role.MANAGER}))


def desk(stack: Stack) -> Desk:
    table = stack.output("TableName")
    return Desk(
        referrals=ReferralTable(stack.dynamodb, table),
        book=ActionTable(stack.dynamodb, table),
        doctor_keys=DoctorHashes(lambda: Secrets().keyring(stack.output("HashingKeysArn"))),
        campaign_named=Campaigns(TEMPLATES).get,
    )
