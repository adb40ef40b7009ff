"""What the weekly summary says, read from counters, table and mail service."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

from referral_intake.adapters.breaker_table import BreakerTable
from referral_intake.adapters.ses import SesAccount
from referral_intake.adapters.stats_table import StatsTable
from referral_intake.adapters.waiting_counts import waiting
from referral_intake.domain.campaign import Campaign
from referral_intake.domain.errors import Unavailable
from referral_intake.domain.pace import Quota
from referral_intake.domain.summary import WAITS, Health, Summary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client


class SummaryNumbers:
    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        stats_table: str,
        mail: "SESV2Client",
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._table = table
        self._stats = StatsTable(client, stats_table)
        self._breaker = BreakerTable(client, table)
        self._account = SesAccount(mail, now)

    def of(self, campaign: Campaign, first: date, last: date) -> Summary:
        """Raises Unavailable."""
        overview, _ = self._stats.overview(campaign.name, first, last)
        rates = {mishap: overview.period.rate(mishap) for mishap in ("bounced", "complained")}
        return Summary(
            overview=overview,
            waiting={kind: waiting(self._client, self._table, campaign.name, kind) for kind in WAITS},
            health=Health(self._breaker.pause(campaign.name), self._quota(), rates),
        )

    def _quota(self) -> Quota | None:
        try:
            return self._account.quota()
        except Unavailable:
            # The rest is worth reading without it.
            return None
