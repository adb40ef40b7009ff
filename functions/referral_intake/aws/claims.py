"""Claims: which referral may send which step to which doctor.

A claim stays in the doctor's records after the message was sent, as the record that the doctor got it. It is removed
only if it is certain that no message was sent. So a message is never sent twice. After a crash, a person may have to
decide whether to send it again.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from referral_intake.aws import doctor_items, update_expressions
from referral_intake.aws.doctor_table import DoctorTable, ReferralChanged
from referral_intake.aws.item_format import Item, typed
from referral_intake.aws.sent_messages import message_item
from referral_intake.aws.update_expressions import Update
from referral_intake.core import doctor_changes, doctor_matching
from referral_intake.core.claim import AlreadyClaimed, Claim, Obstacle
from referral_intake.core.doctor_matching import PossibleMatch
from referral_intake.core.doctor_records import KeySet, Records, StepClaim
from referral_intake.core.message import Message
from referral_intake.core.referral import LEASE, Stage, Transition


class ClaimTable(DoctorTable):
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
            claim.referral, Transition(Stage.SENDING, due_at=now + LEASE), now=now
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
        update = update_expressions.referral_update(claim.referral, move, now=now)
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

    def release(self, claim: Claim, move: Transition) -> None:
        """Release the doctor, who got no message, and move the referral unless it has been closed since."""
        referral = update_expressions.referral_update(claim.claimed_referral, move)
        own, step = _keys(claim).new_record, f"{claim.referral.campaign}/{claim.step}"
        released = [doctor_items.release(key, own.id_under(key), step, claim.referral.receipt) for key in claim.keys]
        if self._table.transact(updates=[referral, *released]):
            self._table.transact(updates=released)


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
