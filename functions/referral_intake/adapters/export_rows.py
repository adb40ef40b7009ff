"""Referrals for an export, newest first, page by page: what the search finds with the same filter, whole.

The index `listed` says which. Each is then read from the table: it may have changed since it was indexed, and whoever
asks for those that are held gets none that is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from referral_intake.adapters import batch_read
from referral_intake.adapters.dynamodb import errors_as_ours
from referral_intake.adapters.items import Item, from_item, typed
from referral_intake.domain.referral import Referral
from referral_intake.domain.reports import Filter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "listed"
# How often somebody who watches sees that it goes on.
ROWS_BETWEEN_NEWS = 2_000
_FILTERED = ("stage", "reason", "state", "specialty")

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
        with errors_as_ours():
            answer = self._client.query(**self._query(campaign, chosen, cursor))
        keys: list[Item] = [{name: item[name] for name in ("pk", "sk")} for item in answer["Items"]]
        last: Any = answer.get("LastEvaluatedKey")
        read = map(from_item, batch_read.items(self._client, self._name, keys))
        found = {referral.receipt: referral for referral in read}
        receipts = [key["pk"]["S"].partition("#")[2] for key in keys]
        referrals = [found[receipt] for receipt in receipts if receipt in found]
        return Page(
            [one for one in referrals if _is_still(one, chosen)],
            {name: value["S"] for name, value in last.items()} if last else None,
        )

    def _query(self, campaign: str, chosen: Filter, cursor: Cursor) -> Any:
        first, last = chosen.first or date.min, chosen.last or date.max
        names = {f"#{name}": name for name in _FILTERED if getattr(chosen, name) is not None}
        values = {f":{name}": typed(getattr(chosen, name)) for name in names.values()}
        request: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": INDEX,
            "KeyConditionExpression": "campaign = :campaign AND submitted_at BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                **values,
                ":campaign": typed(campaign),
                ":first": typed(first.isoformat()),
                ":last": typed(f"{last.isoformat()}T23:59:59.999Z"),
            },
            "ScanIndexForward": False,
            "Limit": batch_read.AT_ONCE,
        }
        if names:
            request["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in names.values())
            request["ExpressionAttributeNames"] = names
        if cursor:
            request["ExclusiveStartKey"] = {name: typed(value) for name, value in cursor.items()}
        return request


def _is_still(referral: Referral, chosen: Filter) -> bool:
    """What a referral is filtered by and can change."""
    return (chosen.stage is None or referral.stage.value == chosen.stage) and (
        chosen.reason is None or referral.reason == chosen.reason
    )
