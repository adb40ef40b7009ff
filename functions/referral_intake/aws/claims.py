"""Claims: which referral may send which step to which doctor. A doctor has one item per key.

A doctor's item stores, by campaign and step, which referral claimed the step, and when. The claim stays in the item
after the message was sent, as the record that the doctor got it. It is removed only if it is certain that no message
was sent. So a message is never sent twice. After a crash, a person may have to decide whether to send it again.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws import update_expressions
from referral_intake.aws.item_format import Item, doctor_key, plain, timestamp, typed
from referral_intake.aws.sent_messages import message_item
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.claim import AlreadyClaimed, Claim, Suppressed
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.message import Message
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import LEASE, Move, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The attribute has the time of the opt-in, which undoes every earlier opt-out. Complaints and bounces can't be undone.
OPTED_IN = Milestone.OPTED_IN


class ClaimTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def claim(
        self, claim: Claim, message: Message, *, now: datetime, cooldown: timedelta
    ) -> AlreadyClaimed | Suppressed | None:
        """Claim the referral and the doctor and store the message in one transaction, or return the obstacle.

        Raise Stale, Unavailable.
        """
        attempt = uuid.uuid4().hex
        referral_update = update_expressions.referral_update(claim.referral, Move(Stage.SENDING, due_at=now + LEASE))
        referral_update.set("attempt", attempt)
        referral_update.when_equal("stage", Stage.QUEUED.value)
        stored_message = message_item(claim.referral.receipt, claim.step, message)
        try:
            return self.claim_doctor(claim, referral_update, stored_message, now=now, cooldown=cooldown)
        except ReferralChanged as changed:
            if changed.item.get("attempt") == typed(attempt):
                return None  # The SDK repeated a request whose answer was lost: the first request made this claim.
            raise

    def claim_doctor(
        self, claim: Claim, referral: Update, other_item: Item, *, now: datetime, cooldown: timedelta
    ) -> AlreadyClaimed | Suppressed | None:
        """Claim the doctor, change the referral and put another item in one transaction, or return the obstacle.

        Raise Stale, Unavailable.
        """
        doctors = [
            _if_unclaimed(claim, key, now - cooldown).set(_claim_attribute(claim), _claim_value(claim, now))
            for key in claim.keys
        ]
        # The doctor may have got a message, or opted out, under a retired hashing key.
        retired = [_if_unclaimed(claim, key, now - cooldown) for key in claim.retired_keys]
        failures = self._table.transact(updates=[referral, *doctors], checks=retired, puts=[other_item])
        if not failures:
            return None
        if failures[0].get("Code") == "ConditionalCheckFailed":
            raise ReferralChanged(failures[0].get("Item", {}))
        obstacle = _obstacle(claim, [plain(failure["Item"]) for failure in failures if failure.get("Item")])
        if obstacle is None:
            # Nothing was claimed, whatever the reason, so nothing may be sent.
            raise Unavailable("claim failed without a reason")
        return obstacle

    def suppression(self, claim: Claim) -> Suppressed | None:
        """Return the fact that forbids messages to the doctor, if any. The read is consistent."""
        return _suppressed(claim, self._doctors(claim))

    def obstacle(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> AlreadyClaimed | Suppressed | None:
        """Return the obstacle to this claim, if any, without claiming. The read is consistent."""
        doctors, start = self._doctors(claim), timestamp(now - cooldown)
        doctor_claims = [doctor[_claim_attribute(claim)] for doctor in doctors if _claim_attribute(claim) in doctor]
        leaders = [
            claim_attribute["by"]
            for claim_attribute in doctor_claims
            if claim_attribute["by"] != claim.referral.receipt and claim_attribute["at"] >= start
        ]
        return _suppressed(claim, doctors) or (AlreadyClaimed(leaders[0]) if leaders else None)

    def _doctors(self, claim: Claim) -> list[Item]:
        doctor_keys = [doctor_key(key) for key in claim.keys + claim.retired_keys]
        return [plain(item) for item in self._table.read_many(doctor_keys, consistent=True).items]

    def release(self, claim: Claim, move: Move) -> None:
        """Release the doctor, who got no message, and move the referral unless it has been closed since."""
        referral = update_expressions.referral_update(claim.claimed_referral, move)
        doctors = [_released(claim, key) for key in claim.keys]
        if self._table.transact(updates=[referral, *doctors]):
            self._table.transact(updates=doctors)

    def suppress(self, key: str, fact: Closing, now: datetime, campaign: str | None = None) -> None:
        """Store a fact that forbids messages to this doctor from now on, of one campaign or of all."""
        self._record_fact(key, f"{fact.value}/{campaign}" if campaign else fact.value, now)

    def undo_opt_out(self, key: str, now: datetime) -> None:
        """Store that the doctor undid all earlier opt-outs. The opt-outs stay stored."""
        self._record_fact(key, OPTED_IN, now)

    def _record_fact(self, key: str, fact: str, now: datetime) -> None:
        self._table.update(Update(doctor_key(key)).set(fact, timestamp(now)))


class ReferralChanged(Stale):
    """`item` is the current item of the referral."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


def _claim_attribute(claim: Claim) -> str:
    return f"{claim.referral.campaign}/{claim.step}"


def _claim_value(claim: Claim, now: datetime) -> dict[str, str]:
    return {"by": claim.referral.receipt, "at": timestamp(now)}


def _if_unclaimed(claim: Claim, key: str, cooldown_start: datetime) -> Update:
    """Return an update of the doctor's item with the condition that this referral may send to this doctor."""
    update = Update(doctor_key(key))
    for fact in _suppressions(claim):
        never = f"attribute_not_exists({update.name(fact)})"
        undone = f" OR {update.name(OPTED_IN)} > {update.name(fact)}" if _is_opt_out(fact) else ""
        update.when(never + undone)
    claim_attribute, by, at = (
        update.name(_claim_attribute(claim)),
        update.name(f"{_claim_attribute(claim)}.by"),
        update.name(f"{_claim_attribute(claim)}.at"),
    )
    start, receipt = update.value(timestamp(cooldown_start)), update.value(claim.referral.receipt)
    return update.when(f"attribute_not_exists({claim_attribute}) OR {at} < {start} OR {by} = {receipt}")


def _released(claim: Claim, key: str) -> Update:
    update = Update(doctor_key(key)).set(_claim_attribute(claim), None)
    return update.when_equal(f"{_claim_attribute(claim)}.by", claim.referral.receipt)


def _obstacle(claim: Claim, doctors: Sequence[Item]) -> AlreadyClaimed | Suppressed | None:
    leaders = [doctor[_claim_attribute(claim)]["by"] for doctor in doctors if _claim_attribute(claim) in doctor]
    return _suppressed(claim, doctors) or (AlreadyClaimed(leaders[0]) if leaders else None)


def _suppressed(claim: Claim, doctors: Sequence[Item]) -> Suppressed | None:
    for fact in _suppressions(claim):
        if any(_applies(fact, doctor) for doctor in doctors):
            return Suppressed(Closing(fact.partition("/")[0]))
    return None


def _suppressions(claim: Claim) -> list[str]:
    """Return the attributes of facts that forbid messages, strongest first. Each has the time of its fact."""
    only_this_campaign = f"{Closing.OPTED_OUT.value}/{claim.referral.campaign}"
    return [Closing.COMPLAINED.value, Closing.OPTED_OUT.value, only_this_campaign, Closing.BOUNCED.value]


def _is_opt_out(fact: str) -> bool:
    return fact.startswith(Closing.OPTED_OUT.value)


def _applies(fact: str, doctor: Item) -> bool:
    # Timestamps sort as text.
    return fact in doctor and not (_is_opt_out(fact) and doctor.get(OPTED_IN, "") > doctor[fact])
