"""The breaker of a campaign in the table: one item that counts by day, and says since when and why it is open."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from referral_intake.adapters.dynamodb import errors_as_ours
from referral_intake.adapters.items import Item, plain, timestamp
from referral_intake.adapters.updates import Update, write
from referral_intake.domain.breaker import BreakerPolicy, trips

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
        self._client = client
        self._name = name

    def check(self, campaign: str, policy: BreakerPolicy, now: datetime) -> str | None:
        """Opens the breaker where the counts ask for it. Returns why, if it was this call that opened it."""
        with errors_as_ours():
            answer = self._client.get_item(TableName=self._name, Key=breaker_key(campaign), ConsistentRead=True)
        item = plain(answer.get("Item", {}))
        reason = None if "paused_at" in item else trips(_counts(item), policy, now.date())
        if reason is None:
            return None
        update = Update(breaker_key(campaign)).set("paused_at", timestamp(now)).set("paused_for", reason)
        update.when(f"attribute_not_exists({update.name('paused_at')})")
        return reason if write(self._client, self._name, update) else None

    def resume(self, campaign: str) -> bool:
        """Closes the breaker, and counts from nothing. Returns whether it was open."""
        with errors_as_ours():
            answer = self._client.get_item(TableName=self._name, Key=breaker_key(campaign), ConsistentRead=True)
        item = plain(answer.get("Item", {}))
        if "paused_at" not in item:
            return False
        update = Update(breaker_key(campaign)).when_equal("paused_at", item["paused_at"])
        for name in item.keys() - {"pk", "sk"}:
            update.set(name, None)
        return write(self._client, self._name, update)


def _counts(item: dict[str, Any]) -> dict[tuple[date, str], int]:
    counts = {}
    for name, value in item.items():
        day, slash, fact = name.partition("/")
        if slash:
            counts[date.fromisoformat(day), fact] = int(value)
    return counts
