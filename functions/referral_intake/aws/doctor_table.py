"""Doctors' records in the table: facts that forbid messages, and what a person decided.

The items of all keys are read, changed by the rules of `core.doctor_changes`, and written if no one has changed since.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from referral_intake.aws import doctor_items, waiting_letters
from referral_intake.aws.item_format import Item
from referral_intake.aws.table import Failure, Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core import doctor_changes, doctor_matching
from referral_intake.core.claim import Claim, Obstacle
from referral_intake.core.doctor_records import DoctorRecord, Fact, KeySet, Records, StepClaim
from referral_intake.core.errors import Conflict, Stale
from referral_intake.core.opt_outs import OptOut
from referral_intake.core.reasons import Closing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Each failed attempt follows a completed write of another request to the same doctor's records.
MAX_ATTEMPTS = 10


class DoctorTable:
    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._table = Table(client, name)

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

    def opt_outs(self, keys: Sequence[str]) -> set[OptOut]:
        """Return the complaints and opt-outs that forbid messages to this doctor. The read is consistent."""
        return doctor_matching.opt_outs_in_effect(KeySet(keys), doctor_items.read(self._table, keys).records)

    def undo_opt_out(self, keys: Sequence[str], opt_out: OptOut, now: datetime) -> None:
        """Store that the doctor undid this opt-out, which stays stored. Raise NothingToTakeBack, Unavailable."""
        key_set = KeySet(keys)
        self._change(key_set, lambda records: doctor_changes.with_undo(key_set, records, opt_out, now))

    def take_back(
        self,
        claim: Claim,
        closing: Closing,
        now: datetime,
        referral: Update,
        record: Item,
        *,
        only_through_it: bool,
        was_not_told: bool,
    ) -> None:
        """Store that the doctor's complaints or opt-outs no longer count, or only those through the claim's referral.

        `was_not_told` says that its messages went to another person's mailbox, so that it no longer claims the doctor.
        Write it in one transaction with the referral and the audit record. Raise NothingToTakeBack, Stale, Unavailable.
        """
        keys, receipt = _all_keys(claim), claim.referral.receipt
        only_through = receipt if only_through_it else None
        self._change(
            keys,
            lambda records: doctor_changes.with_take_back(
                keys, records, closing, Fact(now, receipt), only_through, was_not_told=was_not_told
            ),
            updates=[referral],
            puts=[record],
        )

    def decide_same(self, claim: Claim, referral: Update, record: Item, others: Collection[str], *, same: bool) -> None:
        """Record a person's decision whether the doctor is the same as those of the other referrals.

        Write it in one transaction with the referral and the audit record. Raise Stale, Unavailable.
        """
        keys, receipt = KeySet(claim.keys, claim.retired_keys), claim.referral.receipt
        self._change(
            keys,
            lambda records: doctor_changes.with_decision(keys, records, others, receipt, same=same),
            updates=[referral],
            puts=[record],
        )

    def undo_decisions(self, claim: Claim, referral: Update, record: Item) -> None:
        """Remove what a person decided on the claim's referral about its doctor.

        Write it in one transaction with the referral and the audit record. Raise NothingToTakeBack, Stale, Unavailable.
        """
        self._change(
            _all_keys(claim),
            lambda records: doctor_changes.without_decisions(records, claim.referral.receipt),
            updates=[referral],
            puts=[record],
        )

    def add_history(self, keys: Sequence[str], claims: Mapping[str, StepClaim], facts: Mapping[str, Fact]) -> None:
        """Store those of these claims and facts that the doctor's records lack."""
        key_set = KeySet(keys)
        self._change(key_set, lambda records: doctor_changes.with_history(key_set, records, claims, facts))

    def add_lost_facts(self, key: str, backup: Mapping[str, DoctorRecord]) -> None:
        """Store the facts and decisions under this key that only a backup has."""

        def change(records: Records) -> Records:
            return {key: doctor_changes.with_lost_facts(records.get(key, {}), backup)}

        self._change(KeySet([key]), change)

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


class ReferralChanged(Stale):
    """`item` is the current item of the referral."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


def _all_keys(claim: Claim) -> KeySet:
    """Return all keys as current ones: what is taken back must also change under keys that are no longer written."""
    return KeySet([*claim.keys, *claim.retired_keys])


def _raise_if_referral_changed(failures: Iterable[Failure]) -> None:
    for failure in failures:
        if failure.get("Code") == "ConditionalCheckFailed":
            raise ReferralChanged(failure.get("Item", {}))
