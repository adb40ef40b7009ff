"""Sets of the different values that occurred with a source, an address or an NPI. Each set has a maximum size."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws.keys import DoctorHashes, Ring
from referral_intake.aws.source_items import source_key, source_update
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.reasons import Reason
from referral_intake.outreach.screening import ScreeningLimit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ScreeningCountTable:
    def __init__(
        self, client: "DynamoDBClient", name: str, ring: Ring, max_per_source: int, now: Callable[[], datetime]
    ) -> None:
        self._table = Table(client, name)
        self._hashes = DoctorHashes(ring)
        self._max_per_source = max_per_source
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
        return self._record(Update({"pk": {"S": limit.key}, "sk": {"S": "seen"}}), limit.member, limit.maximum)

    def record_source(self, source: str, receipt: str) -> Reason | None:
        update = source_update(source, self._now())
        update.when(f"attribute_not_exists({update.name('bounced')})")
        if self._record(update, receipt, self._max_per_source):
            return None
        item = self._table.get(source_key(source), consistent=True) or {}
        return Reason.SOURCE_BOUNCED if "bounced" in item else Reason.MANY_FROM_ONE_SOURCE

    def _record(self, update: Update, member: str, maximum: int) -> bool:
        update.add("seen", {member})
        seen, value = update.name("seen"), update.value(member)
        fewer = f"size({seen}) < {update.value(maximum)}"
        update.when(f"attribute_not_exists({seen}) OR {fewer} OR contains({seen}, {value})")
        return self._table.update(update)
