"""The sending rate that all instances share: one item for all messages and one per mail domain and day.

Each is updated conditionally, so that two instances never get the same slot.
"""

import random
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.aws.breaker_table import breaker_key
from referral_intake.aws.item_format import Item, plain, timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.campaign import Campaign
from referral_intake.core.mail_domains import domain_of
from referral_intake.core.quota import Quota, ThrottleState, Wait, next_slot
from referral_intake.core.reasons import Reason

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY: Item = {"pk": {"S": "pace"}, "sk": {"S": "pace"}}
_MAX_ATTEMPTS = 8
# How long a message of a paused campaign waits before the next attempt.
PAUSED_RETRY_DELAY = timedelta(minutes=15)
# A day's count is not needed after that day.
_KEPT_SECONDS = 3 * 24 * 3600


class Throttle:
    """`quota` is called for each message. It may return a cached value. `hash_of` returns the keyed hash of a value."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        quota: Callable[[], Quota],
        now: Callable[[], datetime],
        hash_of: Callable[[str, str], str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = Table(client, name)
        self._quota = quota
        self._now = now
        self._hash_of = hash_of
        self._sleep = sleep

    def acquire(self, campaign: Campaign, address: str) -> Wait | None:
        """Wait for this message's slot and return None, or return the time of the next attempt."""
        wait = self._acquire_slot(campaign.name)
        if wait or self._count_for_domain(domain_of(address), campaign.policy.per_domain_per_day):
            return wait
        return Wait(_next_day(self._now()), Reason.DOMAIN_CAP)

    def _acquire_slot(self, campaign: str) -> Wait | None:
        now = self._now
        quota = self._quota()
        for _ in range(_MAX_ATTEMPTS):
            state, is_paused = self._read(campaign)
            if is_paused:
                return Wait(now() + PAUSED_RETRY_DELAY, Reason.PAUSED)
            slot = next_slot(state, quota, now())
            if isinstance(slot, Wait):
                return slot
            if self._write(state, slot.after):
                self._sleep(max(0.0, (slot.at - now()).total_seconds()))
                return None
            # Another instance took this slot. The random pause keeps the instances from retrying at the same moment.
            self._sleep(random.uniform(0, quota.interval.total_seconds()))  # noqa: S311  (jitter, not cryptography)
        return Wait(now() + _MAX_ATTEMPTS * quota.interval, Reason.THROTTLED)

    def _count_for_domain(self, domain: str, most: int) -> bool:
        """Count a message to this mail domain today, unless the domain has reached its limit."""
        today = self._now().date()
        key = self._hash_of("domain", domain)
        update = Update({"pk": {"S": f"pace#{key}"}, "sk": {"S": today.isoformat()}})
        sent = update.name("sent")
        update.add("sent", 1).set("expires", int(self._now().timestamp()) + _KEPT_SECONDS)
        update.when(f"attribute_not_exists({sent}) OR {sent} < {update.value(most)}")
        return self._table.update(update)

    def _read(self, campaign: str) -> tuple[ThrottleState | None, bool]:
        """Read the throttle's state, and whether the campaign's breaker is open, with one request."""
        found = self._table.read_many([_KEY, breaker_key(campaign)], consistent=True)
        items = {item["sk"]["S"]: plain(item) for item in found.items}
        return _throttle_state(items.get("pace")), "paused_at" in items.get("breaker", {})

    def _write(self, before: ThrottleState | None, after: ThrottleState) -> bool:
        """Write unless the item has changed since `before` was read. Return whether it was written."""
        update = Update(_KEY)
        update.set("next_at", timestamp(after.next_at)).set("day", after.day.isoformat()).set("sent", after.sent)
        if before is None:
            update.when(f"attribute_not_exists({update.name('next_at')})")
        else:
            update.when_equal("next_at", timestamp(before.next_at)).when_equal("sent", before.sent)
        return self._table.update(update)


def _next_day(now: datetime) -> datetime:
    return datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)


def _throttle_state(item: dict[str, Any] | None) -> ThrottleState | None:
    if item is None:
        return None
    return ThrottleState(datetime.fromisoformat(item["next_at"]), date.fromisoformat(item["day"]), int(item["sent"]))
