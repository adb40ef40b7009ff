"""Who subscribes to the weekly summary, and which summaries were sent: items of the main table.

A subscription is one item under its campaign. A summary that was sent is one item for each recipient and week.
"""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws.item_format import Item, plain, timestamp, typed
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.weekly_summary import Subscriber

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than a week's summary could be sent again.
_RETENTION = timedelta(days=60)


class Subscriptions:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def set(self, subscriber: Subscriber, at: datetime, *, is_subscribed: bool, record: Item) -> None:
        """Add or remove a subscription and write the record of it, in one transaction."""
        item = {
            **_key(subscriber),
            "sub": typed(subscriber.sub),
            "username": typed(subscriber.username),
            "wanted_at": typed(timestamp(at)),
        }
        if is_subscribed:
            self._table.transact(puts=[item, record])
        else:
            self._table.transact(puts=[record], deletes=[_key(subscriber)])

    def is_subscribed(self, campaign: str, sub: str) -> bool:
        return self._table.get(_key(Subscriber(campaign, sub, "")), consistent=True) is not None

    def subscribers(self, campaign: str) -> list[Subscriber]:
        found = self._table.query_all(
            KeyConditionExpression="pk = :campaign",
            ExpressionAttributeValues={":campaign": typed(f"subscriptions#{campaign}")},
            ConsistentRead=True,
        )
        return [Subscriber(campaign, item["sub"], item["username"]) for item in map(plain, found)]

    def remove(self, subscriber: Subscriber) -> None:
        self._table.delete(_key(subscriber))

    def claim(self, subscriber: Subscriber, week: date, at: datetime) -> bool:
        """Claim this week's summary for this recipient. Return False if it was claimed before.

        Also return False if the SDK repeated a request whose answer was lost: no summary is better than two.
        """
        expires = int((at + _RETENTION).timestamp())
        item = {**_sent_key(subscriber, week), "at": typed(timestamp(at)), "expires": typed(expires)}
        return self._table.put_new(item) is None

    def release_claim(self, subscriber: Subscriber, week: date) -> None:
        self._table.delete(_sent_key(subscriber, week))

    def record_outcome(self, subscriber: Subscriber, week: date, outcome: str) -> None:
        self._table.update(Update(_sent_key(subscriber, week)).set("outcome", outcome))


def _key(subscriber: Subscriber) -> Item:
    return {"pk": {"S": f"subscriptions#{subscriber.campaign}"}, "sk": {"S": subscriber.sub}}


def _sent_key(subscriber: Subscriber, week: date) -> Item:
    return {"pk": {"S": f"summary#{subscriber.campaign}#{week.isoformat()}"}, "sk": {"S": subscriber.sub}}
