"""Claims: which referral may send which step to which doctor. A doctor has one item per key.

A doctor's item stores, by campaign and step, which referral claimed the step and when. This note is the claim while the
message is sent, and later the record that the doctor got it. Only a clear refusal by SES removes it. So after a crash
at any point a person may have to decide about a message, but it is never sent twice.
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
from referral_intake.core.claim import Claim, Suppressed, Taken
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.message import Message
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import LEASE, Move, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The value is a time. An opt-in undoes every earlier opt-out. Complaints and bounces can't be undone.
OPTED_IN = Milestone.OPTED_IN


class ClaimTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def claim(self, claim: Claim, message: Message, *, now: datetime, cooldown: timedelta) -> Taken | Suppressed | None:
        """Claim the referral and the doctor and store the message in one transaction, or return the obstacle.

        Raise Stale, Unavailable.
        """
        attempt = uuid.uuid4().hex
        taken = update_expressions.of_referral(claim.referral, Move(Stage.SENDING, due_at=now + LEASE))
        taken.set("attempt", attempt)
        taken.when_equal("stage", Stage.QUEUED.value)
        kept = message_item(claim.referral.receipt, claim.step, message)
        try:
            return self.take(claim, taken, kept, now=now, cooldown=cooldown)
        except ReferralChanged as changed:
            if changed.item.get("attempt") == typed(attempt):
                return None  # The SDK repeated a request whose answer was lost: the first request made this claim.
            raise

    def take(
        self, claim: Claim, referral: Update, beside: Item, *, now: datetime, cooldown: timedelta
    ) -> Taken | Suppressed | None:
        """Claim the doctor, change the referral and put another item in one transaction, or return the obstacle.

        Raise Stale, Unavailable.
        """
        doctors = [_free(claim, key, now - cooldown).set(_note(claim), _taken(claim, now)) for key in claim.keys]
        # The doctor may have got a message, or opted out, under a retired hashing key.
        retired = [_free(claim, key, now - cooldown) for key in claim.retired_keys]
        failures = self._table.transact(updates=[referral, *doctors], checks=retired, puts=[beside])
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

    def obstacle(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Taken | Suppressed | None:
        """Return the obstacle to this claim, if any, without claiming. The read is consistent."""
        doctors, start = self._doctors(claim), timestamp(now - cooldown)
        notes = [doctor[_note(claim)] for doctor in doctors if _note(claim) in doctor]
        leaders = [note["by"] for note in notes if note["by"] != claim.referral.receipt and note["at"] >= start]
        return _suppressed(claim, doctors) or (Taken(leaders[0]) if leaders else None)

    def _doctors(self, claim: Claim) -> list[Item]:
        wanted = [doctor_key(key) for key in claim.keys + claim.retired_keys]
        return [plain(item) for item in self._table.read_many(wanted, consistent=True).items]

    def release(self, claim: Claim, move: Move) -> None:
        """Release the doctor, who got no message, and move the referral unless it has been closed since."""
        referral = update_expressions.of_referral(claim.claimed, move)
        doctors = [_given_back(claim, key) for key in claim.keys]
        if self._table.transact(updates=[referral, *doctors]):
            self._table.transact(updates=doctors)

    def suppress(self, key: str, fact: Closing, now: datetime, campaign: str | None = None) -> None:
        """Store a fact that forbids messages to this doctor from now on, of one campaign or of all."""
        self._note(key, f"{fact.value}/{campaign}" if campaign else fact.value, now)

    def allow_again(self, key: str, now: datetime) -> None:
        """Store that the doctor undid all earlier opt-outs. The opt-outs stay stored."""
        self._note(key, OPTED_IN, now)

    def _note(self, key: str, fact: str, now: datetime) -> None:
        self._table.update(Update(doctor_key(key)).set(fact, timestamp(now)))


class ReferralChanged(Stale):
    """`item` is the current item of the referral."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


def _note(claim: Claim) -> str:
    return f"{claim.referral.campaign}/{claim.step}"


def _taken(claim: Claim, now: datetime) -> dict[str, str]:
    return {"by": claim.referral.receipt, "at": timestamp(now)}


def _free(claim: Claim, key: str, cooldown_start: datetime) -> Update:
    """The condition that this referral may send to this doctor."""
    update = Update(doctor_key(key))
    for fact in _suppressions(claim):
        never = f"attribute_not_exists({update.name(fact)})"
        taken_back = f" OR {update.name(OPTED_IN)} > {update.name(fact)}" if _is_opt_out(fact) else ""
        update.when(never + taken_back)
    note, by, at = update.name(_note(claim)), update.name(f"{_note(claim)}.by"), update.name(f"{_note(claim)}.at")
    start, receipt = update.value(timestamp(cooldown_start)), update.value(claim.referral.receipt)
    return update.when(f"attribute_not_exists({note}) OR {at} < {start} OR {by} = {receipt}")


def _given_back(claim: Claim, key: str) -> Update:
    update = Update(doctor_key(key)).set(_note(claim), None)
    return update.when_equal(f"{_note(claim)}.by", claim.referral.receipt)


def _obstacle(claim: Claim, doctors: Sequence[Item]) -> Taken | Suppressed | None:
    leaders = [doctor[_note(claim)]["by"] for doctor in doctors if _note(claim) in doctor]
    return _suppressed(claim, doctors) or (Taken(leaders[0]) if leaders else None)


def _suppressed(claim: Claim, doctors: Sequence[Item]) -> Suppressed | None:
    for fact in _suppressions(claim):
        if any(_stands(fact, doctor) for doctor in doctors):
            return Suppressed(Closing(fact.partition("/")[0]))
    return None


def _suppressions(claim: Claim) -> list[str]:
    """Return the attributes of facts that forbid messages, strongest first. Each has the time of its fact."""
    only_this_campaign = f"{Closing.OPTED_OUT.value}/{claim.referral.campaign}"
    return [Closing.COMPLAINED.value, Closing.OPTED_OUT.value, only_this_campaign, Closing.BOUNCED.value]


def _is_opt_out(fact: str) -> bool:
    return fact.startswith(Closing.OPTED_OUT.value)


def _stands(fact: str, doctor: Item) -> bool:
    # Timestamps sort as text.
    return fact in doctor and not (_is_opt_out(fact) and doctor.get(OPTED_IN, "") > doctor[fact])
