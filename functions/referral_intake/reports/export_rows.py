"""Referrals for an export, newest first, page by page: what the search finds with the same filter, whole.

The index `listed` says which. Each is then read from the table: it may have changed since it was indexed, and whoever
asks for those that are held gets none that is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from referral_intake.aws import batch_read
from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item, from_item, typed
from referral_intake.aws.listing_table import index_for
from referral_intake.core.referral import Referral
from referral_intake.core.search_filter import Filter, Wanted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How often somebody who watches sees that it goes on.
ROWS_BETWEEN_NEWS = 2_000

Cursor = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Page:
    """`cursor` is None where there is no more."""

    referrals: list[Referral]
    cursor: Cursor


class Rows(Protocol):
    def page(self, campaign: str, chosen: Filter, cursor: Cursor) -> Page:
        """The next page. It may be empty though more are to come."""


class ExportRows:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def page(self, campaign: str, chosen: Filter, cursor: Cursor) -> Page:
        """The next page. It may be empty though more are to come."""
        wanted = Wanted(campaign, chosen)
        request = index_for(wanted).query(None, batch_read.AT_ONCE)
        if cursor:
            request["ExclusiveStartKey"] = {name: typed(value) for name, value in cursor.items()}
        with errors_as_ours():
            answer = self._client.query(TableName=self._name, **request)
        keys: list[Item] = [{name: item[name] for name in ("pk", "sk")} for item in answer["Items"]]
        last: Any = answer.get("LastEvaluatedKey")
        read = map(from_item, batch_read.items(self._client, self._name, keys))
        found = {referral.receipt: referral for referral in read if wanted.fits(referral)}
        receipts = [key["pk"]["S"].partition("#")[2] for key in keys]
        return Page(
            [found[receipt] for receipt in receipts if receipt in found],
            {name: value["S"] for name, value in last.items()} if last else None,
        )
