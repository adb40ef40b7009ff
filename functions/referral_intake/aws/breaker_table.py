"""The breaker of a campaign in the table: one item that counts by day, and says since when and why it is open.

Whoever opens it announces that. Where the process dies in between, an open breaker lacks `announced`: then the next one
that looks does it.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from referral_intake.aws.audit_log import audit_item
from referral_intake.aws.items import Item, plain, timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.updates import Update
from referral_intake.core.breaker import BreakerPolicy, Pause, State, Trip, totals, trips
from referral_intake.core.users import Person

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def breaker_key(campaign: str) -> Item:
    return {"pk": {"S": f"breaker#{campaign}"}, "sk": {"S": "breaker"}}


def counting(campaign: str, facts: list[str], day: date) -> Update:
    """The update that counts each fact once more on that day."""
    update = Update(breaker_key(campaign))
    for fact in facts:
        update.add(f"{day.isoformat()}/{fact}", 1)
    return update


class BreakerTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def check(self, campaign: str, policy: BreakerPolicy, now: datetime) -> Trip | None:
        """Opens the breaker where the counts ask for it. Returns the trip for as long as it is not announced."""
        item = self._item(campaign)
        counts = _counts(item)
        if "paused_at" not in item:
            reason = trips(counts, policy, now.date())
            if reason is None or not self._open(campaign, reason, now):
                return None
            item |= {"paused_for": reason, "paused_at": timestamp(now)}
        if "announced" in item:
            return None
        opened_at = datetime.fromisoformat(item["paused_at"])
        return Trip(campaign, item["paused_for"], opened_at, policy.window, **totals(counts, policy, now.date()))

    def state(self, campaign: str, policy: BreakerPolicy, now: datetime) -> State:
        """How it stands, with one read; changes nothing."""
        item = self._item(campaign)
        return State("paused_at" in item, **totals(_counts(item), policy, now.date()))

    def pause(self, campaign: str) -> Pause | None:
        """Why the campaign is stopped and since when, as it is right now. None where it is not."""
        item = self._item(campaign)
        return Pause(item["paused_for"], datetime.fromisoformat(item["paused_at"])) if "paused_at" in item else None

    def announced(self, trip: Trip) -> None:
        """Notes that somebody was told."""
        update = Update(breaker_key(trip.campaign)).set("announced", value=True)
        self._table.update(update.when_equal("paused_at", timestamp(trip.at)))

    def resume(self, campaign: str, by: Person, now: datetime) -> bool:
        """Closes the breaker, and counts from nothing; who did it is recorded with it. Returns whether it was open."""
        item = self._item(campaign)
        if "paused_at" not in item:
            return False
        update = Update(breaker_key(campaign)).when_equal("paused_at", item["paused_at"])
        for name in item.keys() - {"pk", "sk"}:
            update.set(name, None)
        record = audit_item(by, f"resume/{campaign}", [], now)
        return not self._table.transact(updates=[update], puts=[record])

    def _open(self, campaign: str, reason: str, now: datetime) -> bool:
        """Whether it was this call that opened it."""
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
            counts[date.fromisoformat(day), fact] = int(value)
    return counts
