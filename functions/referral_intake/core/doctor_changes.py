"""How the records under a doctor's keys change. `records` are those under all keys. `aws.claims` writes the result."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from referral_intake.core.doctor_matching import binding_opt_outs, matches, opt_outs_in_effect
from referral_intake.core.doctor_records import (
    BOUNCED,
    TAKEN_BACK_BY,
    DoctorRecord,
    Fact,
    KeySet,
    Records,
    StepClaim,
    closing_of,
    kind,
)
from referral_intake.core.errors import NoIdentifier, NothingToTakeBack
from referral_intake.core.opt_outs import SENT_TWICE_WITHIN, OptOut
from referral_intake.core.reasons import Closing


def with_claim(keys: KeySet, records: Records, step: str, claim: StepClaim, overruled: Collection[str] = ()) -> Records:
    """Return the records under the current keys after the doctor's step (`lumen/introduction`) is claimed.

    Claims of the `overruled` referrals are removed, and an earlier one of this referral: a reservation for a letter is
    in another record, if the mailbox was added later.
    """

    def change(record: DoctorRecord) -> DoctorRecord:
        return replace(record, claims={**record.claims, step: claim})

    kept = {
        key: {one: _without(record, step, {*overruled, claim.by}) for one, record in records.get(key, {}).items()}
        for key in keys.current
    }
    return _changed(keys, kept, change)


def with_fact(keys: KeySet, records: Records, name: str, fact: Fact) -> Records:
    """Return the records under the current keys after the fact is recorded. A bounce concerns only the mailbox.

    A fact in effect keeps its time and referral. So taking back a later opt-out does not take back an earlier one.
    Raise NoIdentifier if there is no key: nothing may confirm an opt-out that is not stored.
    """
    if not keys.current:
        raise NoIdentifier

    def change(record: DoctorRecord) -> DoctorRecord:
        earlier = record.in_effect(name)
        return replace(record, facts={**record.facts, name: _repeated(name, earlier, fact) if earlier else fact})

    concerned = KeySet([key for key in keys.current if name != BOUNCED or kind(key) == "email"])
    return _changed(concerned, records, change, keys.new_record)


def with_take_back(
    keys: KeySet,
    records: Records,
    closing: Closing,
    fact: Fact,
    only_through: str | None = None,
    *,
    was_not_told: bool = False,
) -> Records:
    """Return the records under all keys after the doctor's complaints or opt-outs were taken back. They stay recorded.

    `only_through` leaves those that did not come only through this referral. `was_not_told` says that its messages went
    to another person's mailbox, so that another referral can tell the doctor. Raise NothingToTakeBack if none is left.
    """
    found = [(one, its) for one, name, its in binding_opt_outs(keys, records) if closing_of(name) == closing]
    kept = {(one.key, one.id) for one, its in found if its.by != only_through or its.is_repeated}
    concerned = {(one.key, one.id) for one, _ in found} - (kept if only_through is not None else set())
    if not concerned:
        raise NothingToTakeBack

    def change(key: str, one: str, record: DoctorRecord) -> DoctorRecord:
        if (key, one) not in concerned:
            return record
        is_released = was_not_told and kind(key) != "email"
        claims = {step: its for step, its in record.claims.items() if not (is_released and its.by == only_through)}
        return replace(record, claims=claims, facts={**record.facts, TAKEN_BACK_BY[closing]: fact})

    return {key: {one: change(key, one, record) for one, record in its.items()} for key, its in records.items()}


def with_undo(keys: KeySet, records: Records, opt_out: OptOut, now: datetime) -> Records:
    """Return the records under all keys after the doctor undid this opt-out.

    Raise NothingToTakeBack if it is no longer in effect, or if another complaint or opt-out is, too.
    """
    if opt_outs_in_effect(keys, records) != {opt_out}:
        raise NothingToTakeBack
    return with_take_back(keys, records, Closing.OPTED_OUT, Fact(now, opt_out.receipt))


def with_decision(keys: KeySet, records: Records, others: Collection[str], receipt: str, *, same: bool) -> Records:
    """Return the records under the current keys after a person compared the doctor with those of other referrals.

    `receipt` is the referral on which the person decided. The same doctor gets the other's claims and facts, so that
    they are also found through the keys of this one.
    """
    compared = [one for one in matches(keys, records) if one.verdict.is_held and not one.receipts.isdisjoint(others)]
    ids = frozenset(one.id for one in compared)

    def change(record: DoctorRecord) -> DoctorRecord:
        record = replace(record, decided_on={**record.decided_on, **dict.fromkeys(ids, receipt)})
        if not same:
            return replace(record, different_from=record.different_from | ids)
        claims, facts = dict(record.claims), dict(record.facts)
        for one in compared:
            claims |= {step: replace(its, copied_from=one.id) for step, its in one.record.claims.items()}
            facts = {name: replace(its, copied_from=one.id) for name, its in one.record.facts.items()} | facts
        return replace(record, claims=claims, facts=facts, same_as=record.same_as | ids)

    return _changed(keys, records, change)


def without_decisions(records: Records, receipt: str) -> Records:
    """Return the records under all keys without what a person decided on this referral, and what was copied for that.

    Raise NothingToTakeBack if there is no such decision.
    """

    def change(record: DoctorRecord) -> DoctorRecord:
        ids = {one for one, on in record.decided_on.items() if on == receipt}
        return replace(
            record,
            claims={step: its for step, its in record.claims.items() if its.copied_from not in ids},
            facts={name: its for name, its in record.facts.items() if its.copied_from not in ids},
            same_as=record.same_as - ids,
            different_from=record.different_from - ids,
            decided_on={one: on for one, on in record.decided_on.items() if on != receipt},
        )

    if not any(receipt in record.decided_on.values() for its in records.values() for record in its.values()):
        raise NothingToTakeBack
    return {key: {one: change(record) for one, record in its.items()} for key, its in records.items()}


def with_history(keys: KeySet, records: Records, claims: Mapping[str, StepClaim], facts: Mapping[str, Fact]) -> Records:
    """Return the records under the current keys with those of these claims and facts that the doctor's record lacks.

    An opt-out is not lacking if there is another one: it may be limited to a campaign, which `facts` do not say.
    """

    def change(key: str) -> Callable[[DoctorRecord], DoctorRecord]:
        def added(record: DoctorRecord) -> DoctorRecord:
            known = {name.partition("/")[0] for name in record.facts}
            lacking = {
                name: fact
                for name, fact in facts.items()
                if name not in known and (name != BOUNCED or kind(key) == "email")
            }
            return replace(record, claims={**claims, **record.claims}, facts={**record.facts, **lacking})

        return added

    own = keys.new_record
    return {key: _changed(KeySet([key]), records, change(key), own)[key] for key in keys.current}


def with_lost_facts(records: Mapping[str, DoctorRecord], backup: Mapping[str, DoctorRecord]) -> dict[str, DoctorRecord]:
    """Return the records under one key with the facts and decisions that only a backup has.

    Claims are not copied: since the backup, they may have been released.
    """
    return {
        **records,
        **{
            one: replace(
                now := records.get(one, replace(lost, claims={})),
                facts={**lost.facts, **now.facts},
                same_as=lost.same_as | now.same_as,
                different_from=lost.different_from | now.different_from,
                decided_on={**lost.decided_on, **now.decided_on},
            )
            for one, lost in backup.items()
        },
    }


def _changed(
    keys: KeySet,
    records: Records,
    change: Callable[[DoctorRecord], DoctorRecord],
    new: DoctorRecord | None = None,
) -> Records:
    """Return the records under the current keys with this doctor's own record changed."""
    new = new or keys.new_record
    return {
        key: {**records.get(key, {}), own: change(records.get(key, {}).get(own, new))}
        for key, own in ((key, new.id_under(key)) for key in keys.current)
    }


def _repeated(name: str, earlier: Fact, fact: Fact) -> Fact:
    """Return the earlier fact, after the doctor said the same again. A double click does not count as that."""
    is_another_way = (fact.by, fact.is_personal) != (earlier.by, earlier.is_personal)
    # Complaints about two messages of one referral come from one mailbox.
    is_later = closing_of(name) == Closing.OPTED_OUT and abs(fact.at - earlier.at) > SENT_TWICE_WITHIN
    return replace(
        earlier,
        is_personal=earlier.is_personal or fact.is_personal,
        is_repeated=earlier.is_repeated or is_another_way or is_later,
    )


def _without(record: DoctorRecord, step: str, overruled: Collection[str]) -> DoctorRecord:
    claim = record.claims.get(step)
    if claim is None or claim.by not in overruled:
        return record
    return replace(record, claims={name: one for name, one in record.claims.items() if name != step})
