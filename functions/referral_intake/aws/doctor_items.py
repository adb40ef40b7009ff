"""Doctors' records as items of the table: one item per key, with a version that each write increments.

A write requires every item to have the version that was read. So a decision is never written if a record has changed
since the decision was made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from referral_intake.aws.item_format import Item, doctor_key, plain, timestamp
from referral_intake.aws.table import Table
from referral_intake.aws.update_expressions import Update
from referral_intake.core.doctor_records import DoctorRecord, Fact, Records, StepClaim


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """Records by key, and the version of each key's item. A missing item has version 0."""

    records: Records
    versions: Mapping[str, int]

    def updates(self, changed: Records) -> list[Update]:
        """Return the updates that write the changed records, if no item has changed since it was read."""
        return [
            self._unchanged(key)
            .set("version", self.versions.get(key, 0) + 1)
            .set("doctors", {one: _attributes(record) for one, record in records.items()})
            for key, records in changed.items()
        ]

    def checks(self, keys: Iterable[str]) -> list[Update]:
        """Return the conditions that these items have not changed since they were read."""
        return [self._unchanged(key) for key in keys]

    def _unchanged(self, key: str) -> Update:
        update = Update(doctor_key(key))
        if version := self.versions.get(key):
            return update.when_equal("version", version)
        return update.when(f"attribute_not_exists({update.name('version')})")


def read(table: Table, keys: Iterable[str]) -> ReadRecords:
    """Read the records under these keys, consistently and with one request. Raise Unavailable."""
    return from_items(table.read_many([doctor_key(key) for key in keys], consistent=True).items)


def from_items(items: Iterable[Item]) -> ReadRecords:
    by_key = {item["pk"].partition("#")[2]: item for item in map(plain, items)}
    return ReadRecords(
        records={
            key: {one: _record(values) for one, values in item.get("doctors", {}).items()}
            for key, item in by_key.items()
        },
        versions={key: int(item["version"]) for key, item in by_key.items()},
    )


def release(key: str, doctor: str, step: str, receipt: str) -> Update:
    """Return an update that removes the claim of a step (`lumen/introduction`) if this referral has it."""
    claim = f"doctors.{doctor}.claims.{step}"
    update = Update(doctor_key(key)).set(claim, None).add("version", 1)
    return update.when_equal(f"{claim}.by", receipt)


def _attributes(record: DoctorRecord) -> dict[str, Any]:
    values = {
        "mailbox": record.mailbox,
        "npi": record.npi,
        "claims": {step: _claim_attributes(claim) for step, claim in record.claims.items()},
        "facts": {name: _fact_attributes(fact) for name, fact in record.facts.items()},
        "same_as": set(record.same_as),
        "different_from": set(record.different_from),
        "decided_on": dict(record.decided_on),
    }
    # DynamoDB has no empty sets.
    return {name: value for name, value in values.items() if value}


def _claim_attributes(claim: StepClaim) -> dict[str, Any]:
    flags = {"is_reservation": claim.is_reservation, "copied_from": claim.copied_from}
    return {"by": claim.by, "at": timestamp(claim.at), **_set_flags(flags)}


def _fact_attributes(fact: Fact) -> dict[str, Any]:
    flags = {"is_personal": fact.is_personal, "is_repeated": fact.is_repeated, "copied_from": fact.copied_from}
    return {"by": fact.by, "at": timestamp(fact.at), **_set_flags(flags)}


def _set_flags(flags: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in flags.items() if value}


def _record(values: Mapping[str, Any]) -> DoctorRecord:
    return DoctorRecord(
        mailbox=values.get("mailbox"),
        npi=values.get("npi"),
        claims={
            step: StepClaim(one["by"], _time(one["at"]), one.get("is_reservation", False), one.get("copied_from"))
            for step, one in values.get("claims", {}).items()
        },
        facts={
            name: Fact(
                _time(one["at"]),
                one["by"],
                is_personal=one.get("is_personal", False),
                is_repeated=one.get("is_repeated", False),
                copied_from=one.get("copied_from"),
            )
            for name, one in values.get("facts", {}).items()
        },
        same_as=frozenset(values.get("same_as", ())),
        different_from=frozenset(values.get("different_from", ())),
        decided_on=values.get("decided_on", {}),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
