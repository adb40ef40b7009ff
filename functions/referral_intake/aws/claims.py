"""Claims: which referral may send which step to which doctor.

A claim stays in the doctor's records after the message was sent, as the record that the doctor got it. It is removed
only if it is certain that no message was sent. So a message is never sent twice. After a crash, a person may have to
decide whether to send it again.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from referral_intake.aws import doctor_items, update_expressions, waiting_letters
from referral_intake.aws.item_format import Item, typed
from referral_intake.aws.sent_messages import message_item
from referral_intake.aws.table import Failure, Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core import doctor_changes, doctor_matching
from referral_intake.core.claim import AlreadyClaimed, Claim, Obstacle
from referral_intake.core.doctor_matching import PossibleMatch
from referral_intake.core.doctor_records import DoctorRecord, Fact, KeySet, Records, StepClaim
from referral_intake.core.errors import Conflict, Stale
from referral_intake.core.message import Message
from referral_intake.core.reasons import Closing
from referral_intake.core.referral import LEASE, Stage, Transition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Each failed attempt follows a completed write of another request to the same doctor's records.
MAX_ATTEMPTS = 10


class ClaimTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

    def claim(
        self,
        claim: Claim,
        message: Message,
        *,
        now: datetime,
        cooldown: timedelta,
        overruled: Collection[str] = (),
    ) -> Obstacle | None:
        """Claim the referral and the doctor and store the message in one transaction, or return the obstacle.

        Claims of the `overruled` referrals are replaced. Raise Stale, Unavailable.
        """
        attempt = uuid.uuid4().hex
        referral_update = update_expressions.referral_update(
            claim.referral, Transition(Stage.SENDING, due_at=now + LEASE)
        )
        referral_update.set("attempt", attempt)
        referral_update.when_equal("stage", Stage.QUEUED.value)
        stored_message = message_item(claim.referral, claim.step, message)
        try:
            return self._claim(
                claim, referral_update, [stored_message], now, cooldown, by_email=True, overruled=overruled
            )
        except ReferralChanged as changed:
            if changed.item.get("attempt") == typed(attempt):
                return None  # The SDK repeated a request whose answer was lost: the first request made this claim.
            raise

    def reserve(
        self, claim: Claim, move: Transition, *, now: datetime, cooldown: timedelta, overruled: Collection[str] = ()
    ) -> Obstacle | None:
        """Claim the doctor for a letter or a call, and move the referral, or return the obstacle.

        Raise Stale, Unavailable.
        """
        update = update_expressions.referral_update(claim.referral, move)
        return self._claim(claim, update, [], now, cooldown, is_reservation=True, overruled=overruled)

    def claim_told(
        self, claim: Claim, referral: Update, record: Item, *, now: datetime, cooldown: timedelta
    ) -> Obstacle | None:
        """Claim the doctor, who was told by letter or phone, with the referral and an audit record. Raise Stale."""
        return self._claim(claim, referral, [record], now, cooldown)

    def _claim(
        self,
        claim: Claim,
        referral: Update,
        puts: Sequence[Item],
        now: datetime,
        cooldown: timedelta,
        *,
        by_email: bool = False,
        is_reservation: bool = False,
        overruled: Collection[str] = (),
    ) -> Obstacle | None:
        keys, step = _keys(claim), f"{claim.referral.campaign}/{claim.step}"
        step_claim = StepClaim(claim.referral.receipt, now, is_reservation=is_reservation)

        def decide(records: Records) -> Obstacle | None:
            return _obstacle(claim, records, now - cooldown, by_email=by_email, overruled=overruled)

        def change(records: Records) -> Records:
            return doctor_changes.with_claim(keys, records, step, step_claim, overruled)

        return self._change(keys, change, decide=decide, updates=[referral], puts=puts)

    def _change(
        self,
        keys: KeySet,
        change: Callable[[Records], Records],
        *,
        decide: Callable[[Records], Obstacle | None] = lambda _: None,
        updates: Sequence[Update] = (),
        puts: Sequence[Item] = (),
        effects: Callable[[Records], Sequence[Update]] = lambda _: (),
    ) -> Obstacle | None:
        """Change the doctor's records in one transaction with the updates and puts, unless `decide` finds an obstacle.

        `effects` returns updates that depend on the records. If a record or an item of these changes meanwhile, decide
        again. Raise ReferralChanged if the condition of one of `updates` fails.
        """
        for _ in range(MAX_ATTEMPTS):
            read = doctor_items.read(self._table, keys.all)
            if obstacle := decide(read.records):
                return obstacle
            changed = change(read.records)
            failures = self._table.transact(
                updates=[*updates, *read.updates(changed), *effects(read.records)],
                checks=read.checks(key for key in keys.all if key not in keys.current),
                puts=puts,
            )
            if not failures:
                return None
            _raise_if_referral_changed(failures[: len(updates)])
        raise Conflict

    def last_check(self, claim: Claim, *, now: datetime, cooldown: timedelta) -> Obstacle | None:
        """Return what forbids this message after it was claimed, if anything. The read is consistent."""
        found = self.obstacle(claim, now=now, cooldown=cooldown, by_email=True)
        return None if isinstance(found, AlreadyClaimed) else found

    def obstacle(self, claim: Claim, *, now: datetime, cooldown: timedelta, by_email: bool = False) -> Obstacle | None:
        """Return the obstacle to this claim, if any, without claiming. The read is consistent."""
        read = doctor_items.read(self._table, _keys(claim).all)
        return _obstacle(claim, read.records, now - cooldown, by_email=by_email)

    def possible_matches(self, claim: Claim) -> list[PossibleMatch]:
        """Return the other referrals whose doctors may be the same. The read is consistent."""
        keys, referral = _keys(claim), claim.referral
        read = doctor_items.read(self._table, keys.all)
        return doctor_matching.possible_matches(keys, read.records, referral.receipt, referral.campaign)

    def decide_same(self, claim: Claim, referral: Update, record: Item, others: Collection[str], *, same: bool) -> None:
        """Record a person's decision whether the doctor is the same as those of the other referrals.

        Write it in one transaction with the referral and the audit record. Raise Stale, Unavailable.
        """
        keys = _keys(claim)
        self._change(
            keys,
            lambda records: doctor_changes.with_decision(keys, records, others, same=same),
            updates=[referral],
            puts=[record],
        )

    def release(self, claim: Claim, move: Transition) -> None:
        """Release the doctor, who got no message, and move the referral unless it has been closed since."""
        referral = update_expressions.referral_update(claim.claimed_referral, move)
        own, step = _keys(claim).new_record, f"{claim.referral.campaign}/{claim.step}"
        released = [doctor_items.release(key, own.id_under(key), step, claim.referral.receipt) for key in claim.keys]
        if self._table.transact(updates=[referral, *released]):
            self._table.transact(updates=released)

    def suppress(
        self,
        keys: Sequence[str],
        fact: Closing,
        receipt: str,
        now: datetime,
        campaign: str | None = None,
        *,
        is_personal: bool = False,
        updates: Sequence[Update] = (),
        puts: Sequence[Item] = (),
    ) -> None:
        """Store a fact that forbids messages to this doctor from now on. Raise NoIdentifier, Stale, Unavailable.

        The same transaction writes the updates and puts, and takes the letters that the fact may concern off the list.
        """
        name = f"{fact.value}/{campaign}" if campaign else fact.value
        key_set, its = KeySet(keys), Fact(now, receipt, is_personal=is_personal)
        self._change(
            key_set,
            lambda records: doctor_changes.with_fact(key_set, records, name, its),
            updates=updates,
            puts=puts,
            effects=lambda records: waiting_letters.queue_again(self._table, key_set, records, receipt, now),
        )

    def undo_opt_out(self, keys: Sequence[str], receipt: str, now: datetime) -> None:
        """Store that the doctor undid all earlier opt-outs. The opt-outs stay stored."""
        key_set = KeySet(keys)
        self._change(key_set, lambda records: doctor_changes.with_opt_in(key_set, records, Fact(now, receipt)))

    def add_history(self, keys: Sequence[str], claims: Mapping[str, StepClaim], facts: Mapping[str, Fact]) -> None:
        """Store those of these claims and facts that the doctor's records lack."""
        key_set = KeySet(keys)
        self._change(key_set, lambda records: doctor_changes.with_history(key_set, records, claims, facts))

    def add_lost_facts(self, key: str, backup: Mapping[str, DoctorRecord]) -> None:
        """Store the facts and decisions under this key that only a backup has."""

        def change(records: Records) -> Records:
            return {key: doctor_changes.with_lost_facts(records.get(key, {}), backup)}

        self._change(KeySet([key]), change)


class ReferralChanged(Stale):
    """`item` is the current item of the referral."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


def _keys(claim: Claim) -> KeySet:
    return KeySet(claim.keys, claim.retired_keys)


def _obstacle(
    claim: Claim, records: Records, since: datetime, *, by_email: bool, overruled: Collection[str] = ()
) -> Obstacle | None:
    referral = claim.referral
    return doctor_matching.find_obstacle(
        _keys(claim),
        records,
        referral.receipt,
        referral.campaign,
        claim.step,
        claims_since=since,
        by_email=by_email,
        overruled=overruled,
    )


def _raise_if_referral_changed(failures: Iterable[Failure]) -> None:
    for failure in failures:
        if failure.get("Code") == "ConditionalCheckFailed":
            raise ReferralChanged(failure.get("Item", {}))
