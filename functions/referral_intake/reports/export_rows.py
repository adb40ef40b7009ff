"""Read referrals for an export, newest first, page by page: all that the search finds with the same filter.

The index `listed` gives the keys. Each referral is then read from the table, because it can have changed after it was
indexed: an export of held referrals contains no others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from referral_intake.aws.item_format import Item, from_item, typed
from referral_intake.aws.listing_table import index_for
from referral_intake.aws.table import BATCH, Table
from referral_intake.core.referral import Referral
from referral_intake.core.search_filter import Filter, SearchCriteria

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Rows between two updates of the progress.
ROWS_BETWEEN_UPDATES = 2_000
# Each page is one batch read.
PAGE_SIZE = BATCH

Cursor = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Page:
    """`cursor` is None on the last page."""

    referrals: list[Referral]
    cursor: Cursor


class RowSource(Protocol):
    def page(self, campaign: str, chosen: Filter, cursor: Cursor) -> Page:
        """Return the next page. It can be empty without being the last one. Raise Unavailable."""


class ExportRows:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def page(self, campaign: str, chosen: Filter, cursor: Cursor) -> Page:
        """Return the next page. It can be empty without being the last one. Raise Unavailable."""
        criteria = SearchCriteria(campaign, chosen)
        request = index_for(criteria).query(None, PAGE_SIZE)
        if cursor:
            request["ExclusiveStartKey"] = {name: typed(value) for name, value in cursor.items()}
        indexed = self._table.query(**request)
        keys: list[Item] = [{name: item[name] for name in ("pk", "sk")} for item in indexed.items]
        last = indexed.last_key
        read = map(from_item, self._table.read_many(keys).items)
        found = {referral.receipt: referral for referral in read if criteria.matches(referral)}
        receipts = [key["pk"]["S"].partition("#")[2] for key in keys]
        return Page(
            [found[receipt] for receipt in receipts if receipt in found],
            {name: value["S"] for name, value in last.items()} if last else None,
        )
