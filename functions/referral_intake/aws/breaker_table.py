"""The breaker of a campaign: one item with counts by day, and since when and why the breaker is open.

The process that opens the breaker announces it. If that process stops first, the item has no `announced`, and the next
process that reads it announces it.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from referral_intake.aws.audit_log import audit_item
from referral_intake.aws.item_format import Item, plain, timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.breaker import (
    SOURCE_COUNTS,
    BreakerPolicy,
    BreakerState,
    Pause,
    Trip,
    trip_reason,
    window_counts,
)
from referral_intake.core.referral import Referral
from referral_intake.core.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def breaker_key(campaign: str) -> Item:
    return {"pk": {"S": f"breaker#{campaign}"}, "sk": {"S": "breaker"}}


def count_update(referral: Referral, facts: list[str], day: date) -> Update:
    """Return the update that counts each fact once on that day, and the referral's source for a bounce or complaint.

    A referral loses its source when outreach is done, and after two days. From then on, all referrals of one day count
    as one source. Otherwise one person could wait, complain about several, and stop the campaign.
    """
    update = Update(breaker_key(referral.campaign))
    for fact in facts:
        update.add(f"{day.isoformat()}/{fact}", 1)
        if fact in SOURCE_COUNTS:
            update.add(
                f"{day.isoformat()}/{SOURCE_COUNTS[fact]}", {referral.source or f"{referral.submitted_at:%Y-%m-%d}"}
            )
    return update


class BreakerTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def check(self, campaign: str, policy: BreakerPolicy, now: datetime) -> Trip | None:
        """Open the breaker if the counts require it. Return the trip until it has been announced.

        Also remove the counts of days before the window, with the hashes of their sources.
        """
        item = self._item(campaign)
        self._remove_counts(campaign, [(day, fact) for day, fact in _counts(item) if day <= now.date() - policy.window])
        counts = _counts(item)
        if "paused_at" not in item:
            reason = trip_reason(counts, policy, now.date())
            if reason is None or not self._open(campaign, reason, now):
                return None
            item |= {"paused_for": reason, "paused_at": timestamp(now)}
        if "announced" in item:
            return None
        opened_at = datetime.fromisoformat(item["paused_at"])
        return Trip(campaign, item["paused_for"], opened_at, policy.window, **window_counts(counts, policy, now.date()))

    def state(self, campaign: str, policy: BreakerPolicy, now: datetime) -> BreakerState:
        """Return the current state, with one read."""
        item = self._item(campaign)
        return BreakerState("paused_at" in item, **window_counts(_counts(item), policy, now.date()))

    def pause(self, campaign: str) -> Pause | None:
        """Return why and since when the campaign is paused, or None if it is not. The read is consistent."""
        item = self._item(campaign)
        return Pause(item["paused_for"], datetime.fromisoformat(item["paused_at"])) if "paused_at" in item else None

    def mark_announced(self, trip: Trip) -> None:
        """Store that the trip was announced."""
        update = Update(breaker_key(trip.campaign)).set("announced", value=True)
        self._table.update(update.when_equal("paused_at", timestamp(trip.at)))

    def resume(self, campaign: str, by: User, now: datetime) -> bool:
        """Close the breaker, reset its counts and record who did it. Return whether it was open."""
        item = self._item(campaign)
        if "paused_at" not in item:
            return False
        update = Update(breaker_key(campaign)).when_equal("paused_at", item["paused_at"])
        for name in item.keys() - {"pk", "sk"}:
            update.set(name, None)
        record = audit_item(by, f"resume/{campaign}", [], now)
        return not self._table.transact(updates=[update], puts=[record])

    def _remove_counts(self, campaign: str, counts: list[tuple[date, str]]) -> None:
        update = Update(breaker_key(campaign))
        for day, fact in counts:
            update.set(f"{day.isoformat()}/{fact}", None)
        if counts:
            self._table.update(update)

    def _open(self, campaign: str, reason: str, now: datetime) -> bool:
        """Return whether this call opened it."""
        update = Update(breaker_key(campaign)).set("paused_at", timestamp(now)).set("paused_for", reason)
        update.when(f"attribute_not_exists({update.name('paused_at')})")
        return self._table.update(update)

    def _item(self, campaign: str) -> dict[str, Any]:
        return plain(self._table.get(breaker_key(campaign), consistent=True) or {})


def _counts(item: dict[str, Any]) -> dict[tuple[date, str], int]:
    counts = {}
    for name, value in item.items():
        day, slash, fact = name.partition("/")
        if slash:
            counts[date.fromisoformat(day), fact] = len(value) if fact in SOURCE_COUNTS.values() else int(value)
    return counts
