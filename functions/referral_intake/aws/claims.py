"""Claims: which referral may write which step to which doctor. A doctor is one item per key.

A doctor's item notes, by campaign and step, which referral took the step and when. That note is the claim while the
message is on its way, and afterwards the record that the doctor had it: only a clear refusal by the mail service takes
it back. So a crash at any point can leave a message to a person's judgement, but can't send it twice.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from referral_intake.aws import updates
from referral_intake.aws.dynamodb import errors_as_ours
from referral_intake.aws.items import Item, doctor_key, plain, timestamp, typed
from referral_intake.aws.sent_messages import message_item
from referral_intake.aws.transactions import Failure, put, transact
from referral_intake.aws.updates import Update
from referral_intake.core.claim import Claim, Suppressed, Taken
from referral_intake.core.errors import Stale, Unavailable
from referral_intake.core.message import Message
from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import LEASE, Move, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A later fact than an opt-out, which it takes back. Complaints and bounces can't be taken back.
OPTED_IN = Milestone.OPTED_IN


class ClaimTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def claim(self, claim: Claim, message: Message, *, now: datetime, cooldown: timedelta) -> Taken | Suppressed | None:
        """Takes referral and doctor and keeps the message, in one transaction, or says what stands against it.

        Raises Stale, Unavailable.
        """
        attempt = uuid.uuid4().hex
        taken = updates.of_referral(claim.referral, Move(Stage.SENDING, due_at=now + LEASE)).set("attempt", attempt)
        taken.when_equal("stage", Stage.QUEUED.value)
        message_kept = put(self._name, message_item(claim.referral.receipt, claim.step, message))
        try:
            return self.take(claim, taken, message_kept, now=now, cooldown=cooldown)
        except ReferralChanged as changed:
            if changed.item.get("attempt") == typed(attempt):
                return None  # The SDK repeated a request whose answer was lost: this very claim stands already.
            raise

    def take(
        self, claim: Claim, referral: Update, beside: Mapping[str, Any], *, now: datetime, cooldown: timedelta
    ) -> Taken | Suppressed | None:
        """Takes the doctor, changes the referral and puts an item beside them in one transaction, or says what stands
        against it. Raises Stale, Unavailable.
        """
        doctors = [_free(claim, key, now - cooldown).set(_note(claim), _taken(claim, now)) for key in claim.keys]
        # A doctor who was written to, or opted out, under a hashing key of the past.
        retired = [_free(claim, key, now - cooldown) for key in claim.retired_keys]
        failures = self._transact([referral, *doctors], retired, [beside])
        if not failures:
            return None
        if failures[0].get("Code") == "ConditionalCheckFailed":
            raise ReferralChanged(failures[0].get("Item", {}))
        obstacle = _obstacle(claim, [plain(failure["Item"]) for failure in failures if failure.get("Item")])
        if obstacle is None:
            # Nothing was claimed, whatever the reason: without a claim there is no mail.
            raise Unavailable("claim failed without a reason")
        return obstacle

    def suppression(self, claim: Claim) -> Suppressed | None:
        """Whether the doctor may not be written to, by a consistent read now."""
        return _suppressed(claim, self._doctors(claim))

    def obstacle(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Taken | Suppressed | None:
        """What would stand against this claim, by a consistent read now. It claims nothing."""
        doctors, start = self._doctors(claim), timestamp(now - cooldown)
        notes = [doctor[_note(claim)] for doctor in doctors if _note(claim) in doctor]
        leaders = [note["by"] for note in notes if note["by"] != claim.referral.receipt and note["at"] >= start]
        return _suppressed(claim, doctors) or (Taken(leaders[0]) if leaders else None)

    def _doctors(self, claim: Claim) -> list[Item]:
        wanted = [doctor_key(key) for key in claim.keys + claim.retired_keys]
        if not wanted:
            return []  # Somebody of whom we have initials and a phone number, say.
        with errors_as_ours():
            answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": wanted, "ConsistentRead": True}})
        if answer["UnprocessedKeys"]:
            raise Unavailable("UnprocessedKeys")
        return [plain(item) for item in answer["Responses"][self._name]]

    def release(self, claim: Claim, move: Move) -> None:
        """Gives the doctor back, unwritten to, and moves the referral, unless that has been closed meanwhile."""
        referral = updates.of_referral(claim.claimed, move)
        doctors = [_given_back(claim, key) for key in claim.keys]
        if self._transact([referral, *doctors]):
            self._transact(doctors)

    def suppress(self, key: str, fact: Closing, now: datetime, campaign: str | None = None) -> None:
        """Notes a fact that forbids writing to this doctor from now on, for one campaign or for all."""
        self._note(key, f"{fact.value}/{campaign}" if campaign else fact.value, now)

    def allow_again(self, key: str, now: datetime) -> None:
        """Notes that the doctor took back every opt-out up to now. The opt-out itself stays noted."""
        self._note(key, OPTED_IN, now)

    def _note(self, key: str, fact: str, now: datetime) -> None:
        updates.write(self._client, self._name, Update(doctor_key(key)).set(fact, timestamp(now)))

    def _transact(
        self, changes: Sequence[Update], checks: Sequence[Update] = (), puts: Sequence[Mapping[str, Any]] = ()
    ) -> Sequence[Failure]:
        return transact(self._client, self._name, updates=changes, checks=checks, puts=puts)


class ReferralChanged(Stale):
    """`item` is the referral as it is now."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


def _note(claim: Claim) -> str:
    return f"{claim.referral.campaign}/{claim.step}"


def _taken(claim: Claim, now: datetime) -> dict[str, str]:
    return {"by": claim.referral.receipt, "at": timestamp(now)}


def _free(claim: Claim, key: str, cooldown_start: datetime) -> Update:
    """The condition that this doctor may be written to by this referral."""
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
    """Facts about a doctor that forbid writing, the strongest first: attributes, each with the fact's time."""
    only_this_campaign = f"{Closing.OPTED_OUT.value}/{claim.referral.campaign}"
    return [Closing.COMPLAINED.value, Closing.OPTED_OUT.value, only_this_campaign, Closing.BOUNCED.value]


def _is_opt_out(fact: str) -> bool:
    return fact.startswith(Closing.OPTED_OUT.value)


def _stands(fact: str, doctor: Item) -> bool:
    # Times are text that sorts as time does.
    return fact in doctor and not (_is_opt_out(fact) and doctor.get(OPTED_IN, "") > doctor[fact])
