"""Referrals in the table, one by one: stored once, found by receipt, moved from stage to stage."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from referral_intake.aws import updates
from referral_intake.aws.breaker_table import counting
from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import from_item, referral_key, timestamp, to_engagements, to_item, to_messages, typed
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.mail_events import Effect
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Move, Referral, closed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_FEEDBACK = {"pk": {"S": "feedback"}, "sk": {"S": "feedback"}}


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

    def apply(self, referral: Referral, effect: Effect, at: datetime) -> None:
        """Writes what an event of that time changes of a referral that is still as it was read; raises Stale."""
        update = updates.of_referral(referral, effect.move)
        update.set("milestones", {name: timestamp(at) for name, at in effect.milestones.items()})
        update.set("messages", to_messages(effect.messages) or None)
        update.set("engagements", to_engagements(effect.engagements) or None)
        if effect.counts:
            self._update_together(update, counting(referral.campaign, effect.counts, at.date()))
        else:
            self.update(update)

    def note_feedback(self, sent_at: datetime) -> None:
        """Notes that the mail service's events arrive: one has told of a message sent at that time."""
        update = updates.Update(_FEEDBACK).set("settled", timestamp(sent_at))
        settled = update.name("settled")
        update.when(f"attribute_not_exists({settled}) OR {settled} < {update.value(timestamp(sent_at))}")
        with suppress(Stale):
            self.update(update)

    def feedback_settled(self) -> datetime | None:
        """When the latest message was sent of which an event has told."""
        with errors_as_ours():
            answer = self._client.get_item(TableName=self._name, Key=_FEEDBACK, ConsistentRead=True)
        return datetime.fromisoformat(answer["Item"]["settled"]["S"]) if "Item" in answer else None

    def close(self, receipt: str, closing: Closing, now: datetime) -> None:
        """Notes the fact, and closes the referral where nothing stronger has. No such referral: nothing to do."""
        self._note(receipt, closing.value, now, closing)

    def answer(self, receipt: str, answer: Answer, now: datetime) -> None:
        """Notes the doctor's answer, which closes the outreach. The last answer is the one that counts."""
        self._note(receipt, Closing.ANSWERED.value, now, Closing.ANSWERED, answer)

    def note(self, receipt: str, milestone: str, now: datetime) -> None:
        """Notes a fact that changes nothing else."""
        self._note(receipt, milestone, now, None)

    def _note(
        self, receipt: str, milestone: str, now: datetime, closing: Closing | None, answer: Answer | None = None
    ) -> None:
        while referral := self.get(receipt, consistent=True):
            if milestone in referral.milestones and not answer:
                return
            move = closed(closing) if closing and closing.outranks(referral.reason) else None
            update = updates.of_referral(referral, move, facts={milestone: now}, answer=answer)
            try:
                self.update(update)
                return
            except Stale:
                continue  # Changed since it was read. Its other writer is done, so this comes to an end.

    def _update_together(self, *together: updates.Update) -> None:
        """All of them or none; raises Stale where a condition does not hold."""
        actions: Any = [{"Update": {"TableName": self._name, **update.request}} for update in together]
        with errors_as_ours():
            try:
                self._client.transact_write_items(TransactItems=actions)
            except self._client.exceptions.TransactionCanceledException as canceled:
                codes = {reason.get("Code") for reason in canceled.response["CancellationReasons"]}
                if codes <= {"None", "ConditionalCheckFailed"}:
                    raise Stale from canceled
                raise Unavailable(", ".join(sorted(map(str, codes)))) from canceled

    def update(self, update: updates.Update) -> None:
        """Raises Stale where the update's condition does not hold."""
        if not updates.write(self._client, self._name, update):
            raise Stale
