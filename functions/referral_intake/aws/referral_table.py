"""Referrals in the table: store a new one, find one by receipt, change its stage."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws import update_expressions
from referral_intake.aws.breaker_table import count_update
from referral_intake.aws.item_format import (
    callback_attributes,
    engagement_lines,
    from_item,
    message_attributes,
    referral_key,
    timestamp,
    to_item,
    typed,
)
from referral_intake.aws.source_items import bounced_update
from referral_intake.aws.table import Table
from referral_intake.core import information, tasks
from referral_intake.core.callback import Callback
from referral_intake.core.campaign import Campaign
from referral_intake.core.errors import Stale
from referral_intake.core.mail_events import Effect
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import Answer, Referral, Transition, close

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_FEEDBACK = {"pk": {"S": "feedback"}, "sk": {"S": "feedback"}}


class ReferralTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def add(self, referral: Referral) -> Referral | None:
        """Store a new referral with one request. Return the one that is already stored under its receipt, if any."""
        existing = self._table.put_new(to_item(referral))
        return from_item(existing) if existing else None

    def get(self, receipt: str, *, consistent: bool = False) -> Referral | None:
        item = self._table.get(referral_key(receipt), consistent=consistent)
        return from_item(item) if item else None

    def due(self, campaign: str, now: datetime, limit: int) -> list[str]:
        """Return receipts of open referrals whose `due_at` has passed, earliest first, at most `limit`."""
        found = self._table.query(
            IndexName="due",
            KeyConditionExpression="open_in = :campaign AND due_at <= :now",
            ExpressionAttributeValues={":campaign": typed(campaign), ":now": typed(timestamp(now))},
            Limit=limit,
        )
        return [item["pk"]["S"].partition("#")[2] for item in found.items]

    def move(self, referral: Referral, move: Transition) -> None:
        """Change the stage. Raise Stale if the referral has changed since it was read."""
        self.update(update_expressions.referral_update(referral, move))

    def apply(self, referral: Referral, effect: Effect, at: datetime) -> None:
        """Write the effect of a mail event at this time. Raise Stale if the referral has changed since it was read."""
        update = update_expressions.referral_update(referral, effect.move, other_facts=effect.milestones)
        update.set("milestones", {name: timestamp(at) for name, at in effect.milestones.items()})
        update.set("messages", message_attributes(effect.messages) or None)
        update.set("engagements", engagement_lines(effect.engagements) or None)
        if not effect.counts:
            self.update(update)
            return
        updates = [update, count_update(referral, effect.counts, at.date())]
        if referral.source and Milestone.BOUNCED in effect.counts:
            updates.append(bounced_update(referral.source, at))
        if self._table.transact(updates=updates):
            raise Stale

    def record_feedback(self, sent_at: datetime) -> None:
        """Record that SES has reported on a message sent at this time."""
        update = update_expressions.Update(_FEEDBACK).set("settled", timestamp(sent_at))
        settled = update.name("settled")
        update.when(f"attribute_not_exists({settled}) OR {settled} < {update.value(timestamp(sent_at))}")
        self._table.update(update)

    def latest_feedback(self) -> datetime | None:
        """Return when the latest message was sent that SES has reported on."""
        item = self._table.get(_FEEDBACK, consistent=True)
        return datetime.fromisoformat(item["settled"]["S"]) if item else None

    def close(self, receipt: str, closing: Closing, now: datetime) -> None:
        """Set the milestone, and close the referral unless a higher reason closed it. Ignore an unknown receipt."""
        self._set_milestone(receipt, closing.value, now, closing)

    def answer(
        self,
        receipt: str,
        answer: Answer,
        now: datetime,
        callback: Callback | None = None,
        campaign: Campaign | None = None,
    ) -> Referral | None:
        """Record the doctor's answer. Return the referral after that, if it exists.

        The latest answer counts. It closes the referral, or queues it if the campaign sends the information at once.
        The details of a call stay stored while the answer asks for a call. `callback` replaces them.
        """
        while referral := self.get(receipt, consistent=True):
            move = information.after_answer(referral, answer, campaign, now)
            facts = {Closing.ANSWERED.value: now}
            update = update_expressions.referral_update(referral, move, facts=facts, answer=answer)
            if callback or answer is not Answer.CALL:
                update.set("callback", (callback and callback_attributes(callback)) or None)
            with suppress(Stale):  # Each retry follows a completed write of another request, so this loop ends.
                self.update(update)
                kept = referral.callback if answer is Answer.CALL else None
                after = tasks.after_write(referral, move, facts, answer)
                return replace(after, revision=referral.revision + 1, callback=callback or kept)
        return None

    def withdraw(self, receipt: str, now: datetime) -> Referral | None:
        """Close the referral as withdrawn, if nothing was sent. Return its current state, if it exists."""
        while (referral := self.get(receipt, consistent=True)) and referral.can_be_withdrawn:
            try:
                self.move(referral, close(Closing.WITHDRAWN, at=now))
            except Stale:
                continue  # Each retry follows a completed write of another request, so this loop ends.
        return referral

    def set_milestone(self, receipt: str, milestone: str, now: datetime) -> None:
        """Set a milestone that changes nothing else."""
        self._set_milestone(receipt, milestone, now, None)

    def _set_milestone(self, receipt: str, milestone: str, now: datetime, closing: Closing | None) -> None:
        while referral := self.get(receipt, consistent=True):
            if milestone in referral.milestones:
                return
            move = close(closing) if closing and closing.outranks(referral.reason) else None
            update = update_expressions.referral_update(referral, move, facts={milestone: now})
            try:
                self.update(update)
                return
            except Stale:
                continue  # Each retry follows a completed write of another request, so this loop ends.

    def update(self, update: update_expressions.Update) -> None:
        """Write the update. Raise Stale if its condition fails."""
        if not self._table.update(update):
            raise Stale
