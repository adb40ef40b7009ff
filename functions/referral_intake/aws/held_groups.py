"""Groups of held referrals, so that many of them are one row in the list of tasks.

The members are in a partition of the index `work` of their own. The group's item stands for them in the list. It is
written before a member, and again when `wake` checks a member, so no member is without it for long. It is never deleted
by a function: a group without members is not shown, and its item expires.
"""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws.item_format import Item, task_list, timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.decisions import REVIEW_INTERVAL
from referral_intake.core.limits import GroupKind, group_name
from referral_intake.core.tasks import TaskKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Much longer than until the next check of a member.
_KEPT = timedelta(days=30)
_ROWS_KEPT = timedelta(days=2)


def group_key(campaign: str, group: str) -> Item:
    return {"pk": {"S": f"group#{campaign}#{group}"}, "sk": {"S": "group"}}


def group_update(campaign: str, group: str, due_at: datetime) -> Update:
    """Return the update that lists the group. `due_at` is when the member that is added is checked next."""
    update = Update(group_key(campaign, group)).set("waits_for", task_list(campaign, TaskKind.HELD))
    update.set_once("waits_since", timestamp(due_at - REVIEW_INTERVAL))
    return update.set("expires", int((due_at + _KEPT).timestamp()))


class HeldRows:
    """Limits the rows of suspicious referrals, so that a flood from many sources does not bury the list of tasks.

    A day's suspicious referrals of one kind add `max_rows` rows to a campaign's list. The others are one more row.
    """

    def __init__(self, client: "DynamoDBClient", name: str, max_rows: int) -> None:
        self._table = Table(client, name)
        self._max_rows = max_rows

    def group_for(self, campaign: str, row: str, kind: GroupKind, now: datetime) -> str | None:
        """Return None if the list may have this row, or else the group of all others of this kind on this day.

        `row` is the name of a group, or the receipt of a referral without one. Raise Unavailable.
        """
        update = Update(_rows_key(campaign, kind, now.date())).set("expires", int((now + _ROWS_KEPT).timestamp()))
        if self._table.update(update.add_member("rows", row, self._max_rows)):
            return None
        return group_name(kind, now.date().isoformat())


def _rows_key(campaign: str, kind: GroupKind, day: date) -> Item:
    return {"pk": {"S": f"rows#{campaign}#{kind.value}"}, "sk": {"S": day.isoformat()}}
