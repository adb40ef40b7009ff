"""Sets of the different values that occurred with a source, an address or an NPI. Each set has a maximum size."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws.item_format import Item
from referral_intake.aws.keys import DoctorHashes, Ring
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.outreach.screening import ScreeningLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The hash of a source changes every day.
_SOURCE_KEPT_SECONDS = 2 * 24 * 3600


class ScreeningCountTable:
    def __init__(
        self, client: "DynamoDBClient", name: str, ring: Ring, max_per_source: int, now: Callable[[], datetime]
    ) -> None:
        self._table = Table(client, name)
        self._hashes = DoctorHashes(ring)
        self.max_per_source = max_per_source
        self._now = now

    def name_hash(self, name: str) -> str:
        return self._hashes.of_name(name)

    def is_disposable(self, domain: str) -> bool:
        """Whether the domain, or one above it, offers disposable addresses."""
        # Imported at first use, because it loads 10,000 names.
        from disposable_email_domains import blocklist

        parts = domain.split(".")
        return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))

    def record_within_limit(self, limit: ScreeningLimit) -> bool:
        update = Update(_key(limit)).add("seen", {limit.member})
        if limit.key.startswith("source#"):
            update.set("expires", int(self._now().timestamp()) + _SOURCE_KEPT_SECONDS)
        seen, member = update.name("seen"), update.value(limit.member)
        fewer = f"size({seen}) < {update.value(limit.maximum)}"
        update.when(f"attribute_not_exists({seen}) OR {fewer} OR contains({seen}, {member})")
        return self._table.update(update)


def _key(limit: ScreeningLimit) -> Item:
    return {"pk": {"S": limit.key}, "sk": {"S": "seen"}}
