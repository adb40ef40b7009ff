"""Read the figures of the weekly summary from the counters, the table and the mail service."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

from referral_intake.aws.breaker_table import BreakerTable
from referral_intake.aws.listing_table import ListingTable
from referral_intake.aws.ses import SesAccount
from referral_intake.aws.stats_table import StatsTable
from referral_intake.core.campaign import Campaign
from referral_intake.core.errors import Unavailable
from referral_intake.core.quota import Quota
from referral_intake.core.weekly_summary import Health, Summary, Waiting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client


class SummaryReader:
    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        stats_table: str,
        mail: "SESV2Client",
        now: Callable[[], datetime],
    ) -> None:
        self._listing = ListingTable(client, table)
        self._stats = StatsTable(client, stats_table)
        self._breaker = BreakerTable(client, table)
        self._account = SesAccount(mail, now)

    def read(self, campaign: Campaign, first: date, last: date) -> Summary:
        """Return the summary. Raise Unavailable."""
        waiting = self._listing.count_tasks(campaign.name)
        overview, _ = self._stats.overview(campaign.name, first, last)
        rates = {milestone: overview.period.rate(milestone) for milestone in ("bounced", "complained")}
        return Summary(
            overview=overview,
            waiting={kind.value: Waiting(found.count, found.is_more) for kind, found in waiting.items()},
            health=Health(self._breaker.pause(campaign.name), self._quota(), rates),
        )

    def _quota(self) -> Quota | None:
        try:
            return self._account.quota()
        except Unavailable:
            # The quota is optional in the summary.
            return None
