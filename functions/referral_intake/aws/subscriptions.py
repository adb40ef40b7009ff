"""Who wants the weekly summary, and who has been sent which week's: in the main table.

A subscription is one item below its campaign; what was sent is one item for each recipient and week.
"""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item, plain, timestamp, typed
from referral_intake.aws.updates import Update, write
from referral_intake.core.errors import Unavailable
from referral_intake.core.weekly_summary import Subscriber

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Long after anybody could send that week's again.
_REMEMBERED = timedelta(days=60)


class Subscriptions:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def set(self, subscriber: Subscriber, at: datetime, *, wanted: bool, record: dict[str, Any]) -> None:
        """Notes what somebody wants, with the record of it, in one transaction."""
        item = {
            **_key(subscriber),
            "sub": typed(subscriber.sub),
            "username": typed(subscriber.username),
            "wanted_at": typed(timestamp(at)),
        }
        put = {"Put": {"TableName": self._name, "Item": item}}
        delete = {"Delete": {"TableName": self._name, "Key": _key(subscriber)}}
        actions: Any = [put if wanted else delete, record]
        with errors_as_ours():
            try:
                self._client.transact_write_items(TransactItems=actions)
            except self._client.exceptions.TransactionCanceledException as canceled:
                raise Unavailable("TransactionCanceled") from canceled

    def wants(self, campaign: str, sub: str) -> bool:
        key = _key(Subscriber(campaign, sub, ""))
        with errors_as_ours():
            return "Item" in self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)

    def subscribers(self, campaign: str) -> list[Subscriber]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :campaign",
            ExpressionAttributeValues={":campaign": typed(f"subscriptions#{campaign}")},
            ConsistentRead=True,
        )
        with errors_as_ours():
            items = [plain(item) for page in pages for item in page["Items"]]
        return [Subscriber(campaign, item["sub"], item["username"]) for item in items]

    def remove(self, subscriber: Subscriber) -> None:
        with errors_as_ours():
            self._client.delete_item(TableName=self._name, Key=_key(subscriber))

    def take(self, subscriber: Subscriber, week: date, at: datetime) -> bool:
        """Claims this week's summary for this recipient; False where that was done before.

        Where the SDK repeats a request whose answer was lost, that is False too: no summary rather than two.
        """
        expires = int((at + _REMEMBERED).timestamp())
        item = {**_sent_key(subscriber, week), "at": typed(timestamp(at)), "expires": typed(expires)}
        with errors_as_ours():
            try:
                self._client.put_item(TableName=self._name, Item=item, ConditionExpression="attribute_not_exists(pk)")
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def give_back(self, subscriber: Subscriber, week: date) -> None:
        with errors_as_ours():
            self._client.delete_item(TableName=self._name, Key=_sent_key(subscriber, week))

    def note(self, subscriber: Subscriber, week: date, outcome: str) -> None:
        write(self._client, self._name, Update(_sent_key(subscriber, week)).set("outcome", outcome))


def _key(subscriber: Subscriber) -> Item:
    return {"pk": {"S": f"subscriptions#{subscriber.campaign}"}, "sk": {"S": subscriber.sub}}


def _sent_key(subscriber: Subscriber, week: date) -> Item:
    return {"pk": {"S": f"summary#{subscriber.campaign}#{week.isoformat()}"}, "sk": {"S": subscriber.sub}}
