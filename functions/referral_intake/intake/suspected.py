"""Counts of suspected bots' submissions at arrival, so that a flood does not bury the list of tasks.

An honest submission is not counted: it is stored with a single request.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws.held_groups import HeldRows
from referral_intake.aws.source_items import suspected_update
from referral_intake.aws.table import Table
from referral_intake.core.limits import GroupKind, group_name
from referral_intake.core.referral import Referral

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Of the referrals that one source may send unchecked in a day, so many could be rows of the list: 3 of 20. A household
# whose browser fails at the proof may name a few doctors.
_PART = 6


class SuspectedSubmissions:
    def __init__(self, client: "DynamoDBClient", name: str, referrals_per_source: int) -> None:
        self._table = Table(client, name)
        self._rows = HeldRows(client, name, referrals_per_source)
        self._max_per_source = max(1, referrals_per_source // _PART)

    def group_for(self, referral: Referral, now: datetime) -> str | None:
        """Return the group with which the referral is listed, or None if it is a row of its own. Raise Unavailable."""
        group = None
        if referral.source and not self._table.update(
            suspected_update(referral.source, referral.receipt, self._max_per_source, now)
        ):
            group = group_name(GroupKind.SOURCE, referral.source)
        return self._rows.group_for(referral.campaign, group or referral.receipt, GroupKind.UNPROVEN, now) or group
