"""Referrals in the table, one by one: stored once, found by receipt, moved from stage to stage."""

from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.adapters import updates
from referral_intake.adapters.dynamodb import errors_as_ours
from referral_intake.adapters.items import from_item, referral_key, timestamp, to_item, typed
from referral_intake.domain.message import Message
from referral_intake.domain.outreach import Claim, Stale
from referral_intake.domain.referral import Closing, Move, Referral, Stage, closed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ReferralTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def add(self, referral: Referral) -> Referral | None:
        """Stores a new referral with one request. Returns the one that is already there under its receipt, if any."""
        with errors_as_ours():
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=to_item(referral),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as failed:
                return from_item(failed.response["Item"])  # type: ignore[typeddict-item]
        return None

    def get(self, receipt: str, *, consistent: bool = False) -> Referral | None:
        with errors_as_ours():
            answer = self._client.get_item(TableName=self._name, Key=referral_key(receipt), ConsistentRead=consistent)
        return from_item(answer["Item"]) if "Item" in answer else None

    def due(self, campaign: str, now: datetime, limit: int) -> list[str]:
        """Receipts of at most `limit` open referrals whose `due_at` has come, the most overdue first."""
        with errors_as_ours():
            answer = self._client.query(
                TableName=self._name,
                IndexName="due",
                KeyConditionExpression="open_in = :campaign AND due_at <= :now",
                ExpressionAttributeValues={":campaign": typed(campaign), ":now": typed(timestamp(now))},
                Limit=limit,
            )
        return [item["pk"]["S"].partition("#")[2] for item in answer["Items"]]

    def move(self, referral: Referral, move: Move) -> None:
        """Changes the stage of a referral that is still as it was read; raises Stale."""
        self.update(updates.of_referral(referral, move))

    def record_sent(self, claim: Claim, message: Message, message_id: str, now: datetime, move: Move) -> None:
        """Notes the message. A referral that was closed meanwhile stays closed and has the milestone all the same."""
        referral, closed_meanwhile = claim.claimed, False
        while True:
            update = updates.of_referral(referral, None if closed_meanwhile else move)
            update.set_once("milestones.sent", timestamp(now)).set(
                f"message/{claim.step}", _record(message, message_id)
            )
            try:
                return self.update(update)
            except Stale:
                found = self.get(referral.receipt, consistent=True)
                if found is None:
                    raise
                referral, closed_meanwhile = found, found.stage is not Stage.SENDING

    def close(self, receipt: str, closing: Closing, now: datetime) -> None:
        """Notes the fact, and closes the referral where nothing stronger has. No such referral: nothing to do."""
        while (referral := self.get(receipt, consistent=True)) and closing.value not in referral.milestones:
            move = closed(closing) if _outranks(closing, referral) else None
            update = updates.of_referral(referral, move).set_once(f"milestones.{closing.value}", timestamp(now))
            try:
                self.update(update)
            except Stale:
                continue  # Changed since it was read. Its other writer is done, so this comes to an end.

    def update(self, update: updates.Update) -> None:
        """Raises Stale where the update's condition does not hold."""
        with errors_as_ours():
            try:
                self._client.update_item(TableName=self._name, **update.request)
            except self._client.exceptions.ConditionalCheckFailedException as failed:
                raise Stale from failed


def _record(message: Message, message_id: str) -> dict[str, str]:
    return {"id": message_id, "version": message.version, "content_hash": message.content_hash}


def _outranks(closing: Closing, referral: Referral) -> bool:
    strength = list(Closing)
    return referral.reason not in strength or strength.index(closing) < strength.index(Closing(referral.reason))
