"""Perform actions on referrals from the command line, with the same rules and audit records as the dashboard."""

import getpass
from functools import cache
from pathlib import Path

from cli.stacks import Stack
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.aws.keys import DoctorHashes
from referral_intake.aws.referral_table import ReferralTable
from referral_intake.aws.secrets import Secrets
from referral_intake.core.users import Role, User
from referral_intake.dashboard.action_runner import ActionRunner
from referral_intake.dashboard.action_table import ActionTable

TEMPLATES = Path("templates")


@cache
def operator() -> User:
    """Return the operating system user, whom the audit records name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "operator"  # In a container, the user may have no name.
    return User("command line", name, frozenset({Role.MANAGER}))


def action_runner(stack: Stack) -> ActionRunner:
    table = stack.output("TableName")
    return ActionRunner(
        referrals=ReferralTable(stack.dynamodb, table),
        action_table=ActionTable(stack.dynamodb, table),
        doctor_keys=DoctorHashes(lambda: Secrets().keyring(stack.output("HashingKeysArn"))),
        find_campaign=Campaigns(TEMPLATES).get,
    )
