"""How the records under a doctor's keys change. `records` are those under all keys. `aws.claims` writes the result."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from referral_intake.core.doctor_matching import matches
from referral_intake.core.doctor_records import BOUNCED, OPTED_IN, DoctorRecord, Fact, KeySet, Records, StepClaim, kind
from referral_intake.core.errors import NoIdentifier
from referral_intake.core.same_doctor import Verdict


def with_claim(keys: KeySet, records: Records, step: str, claim: StepClaim, overruled: Collection[str] = ()) -> Records:
    """Return the records under the current keys after the doctor's step (`lumen/introduction`) is claimed."""

    def change(record: DoctorRecord) -> DoctorRecord:
        return replace(record, claims={**record.claims, step: claim})

    kept = {
        key: {one: _without(record, step, overruled) for one, record in records.get(key, {}).items()}
        for key in keys.current
    }
    return _changed(keys, kept, change)


def with_fact(keys: KeySet, records: Records, name: str, fact: Fact) -> Records:
    """Return the records under the current keys after the fact is recorded. A bounce concerns only the mailbox.

    Raise NoIdentifier if there is no key: nothing may confirm an opt-out that is not stored.
    """
    if not keys.current:
        raise NoIdentifier

    def change(record: DoctorRecord) -> DoctorRecord:
        return replace(record, facts={**record.facts, name: fact})

    concerned = KeySet([key for key in keys.current if name != BOUNCED or kind(key) == "email"])
    return _changed(concerned, records, change, keys.new_record)


def with_opt_in(keys: KeySet, records: Records, fact: Fact) -> Records:
    """Return the records under the current keys after the doctor undid all opt-outs. The opt-outs stay recorded."""
    same = {(one.key, one.id) for one in matches(keys, records) if one.verdict is Verdict.SAME}

    def undone(record: DoctorRecord) -> DoctorRecord:
        return replace(record, facts={**record.facts, OPTED_IN: fact})

    return {
        key: {one: undone(record) if (key, one) in same else record for one, record in records[key].items()}
        for key in keys.current
        if key in records
    }


def with_decision(keys: KeySet, records: Records, others: Collection[str], *, same: bool) -> Records:
    """Return the records under the current keys after a person compared the doctor with those of other referrals.

    The same doctor gets the other's claims and facts, so that they are also found through the keys of this one.
    """
    compared = [one for one in matches(keys, records) if one.verdict.is_held and not one.receipts.isdisjoint(others)]
    ids = frozenset(one.id for one in compared)

    def change(record: DoctorRecord) -> DoctorRecord:
        if not same:
            return replace(record, different_from=record.different_from | ids)
        claims, facts = dict(record.claims), dict(record.facts)
        for one in compared:
            claims |= one.record.claims
            facts = {**one.record.facts, **facts}
        return replace(record, claims=claims, facts=facts, same_as=record.same_as | ids)

    return _changed(keys, records, change)


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


def _without(record: DoctorRecord, step: str, overruled: Collection[str]) -> DoctorRecord:
    claim = record.claims.get(step)
    if claim is None or claim.by not in overruled:
        return record
    return replace(record, claims={name: one for name, one in record.claims.items() if name != step})
