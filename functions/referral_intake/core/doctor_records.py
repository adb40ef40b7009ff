"""Records of doctors, by their keys.

A doctor has a record under each of their keys. One key can have the records of several doctors: of two who share a
mailbox, or who have the same name and ZIP code.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing

BOUNCED = Closing.BOUNCED.value
TAKEN_BACK_BY = {
    Closing.COMPLAINED.value: Milestone.COMPLAINT_TAKEN_BACK.value,
    Closing.OPTED_OUT.value: Milestone.OPTED_IN.value,
}
"""The fact after which every earlier complaint or opt-out no longer counts. A bounce can't be taken back."""


@dataclass(frozen=True, slots=True)
class StepClaim:
    """Which referral claimed a step, and when. A reservation is for a letter or call that is not recorded yet.

    `copied_from` is the id of the doctor from whose record it was copied, after a person found that both are the same.
    """

    by: str
    at: datetime
    is_reservation: bool = False
    copied_from: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """When a fact was recorded, and the referral through which it came.

    `is_personal` says that it came by a printed letter or at the doctor's word. Then it applies to every doctor of this
    name with this phone or ZIP code. `is_repeated` says that the doctor said the same again, later or in
    another way. `copied_from` is as in StepClaim.
    """

    at: datetime
    by: str
    is_personal: bool = False
    is_repeated: bool = False
    copied_from: str | None = None


@dataclass(frozen=True, slots=True)
class DoctorRecord:
    """A doctor's record under one key.

    `mailbox` and `npi` are the doctor's strong keys. `claims` are by campaign and step (`lumen/introduction`), `facts`
    by name (`opted_out` or, for one campaign, `opted_out/lumen`). A person found that the doctor is the same as, or
    different from, the doctors with these ids. `decided_on` has the referral of each of these decisions, by id.
    """

    mailbox: str | None = None
    npi: str | None = None
    claims: Mapping[str, StepClaim] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    same_as: frozenset[str] = frozenset()
    different_from: frozenset[str] = frozenset()
    decided_on: Mapping[str, str] = field(default_factory=dict)

    def id_under(self, key: str) -> str:
        """Return the doctor's id. For a doctor without mailbox and NPI, it is the key."""
        return _id(self.mailbox, self.npi) or key

    def opt_out(self, campaign: str) -> tuple[Closing, Fact] | None:
        """Return the complaint or opt-out that forbids messages of this campaign, if any."""
        for closing in (Closing.COMPLAINED, Closing.OPTED_OUT):
            for name in (closing.value, f"{closing.value}/{campaign}"):
                if fact := self.in_effect(name):
                    return closing, fact
        return None

    def in_effect(self, name: str) -> Fact | None:
        """Return the fact with this name, unless it was taken back later."""
        fact, taken_back = self.facts.get(name), self.facts.get(TAKEN_BACK_BY.get(closing_of(name), ""))
        return fact if fact and (taken_back is None or taken_back.at <= fact.at) else None

    def opt_outs(self) -> Iterator[tuple[str, Fact]]:
        """Return the complaints and opt-outs in effect, each with its name."""
        for name in self.facts:
            if closing_of(name) in TAKEN_BACK_BY and (fact := self.in_effect(name)):
                yield name, fact


Records = Mapping[str, Mapping[str, DoctorRecord]]
"""By key, then by id."""


class KeySet:
    """One doctor's keys: `current`, and `all` with those made with retired hashing keys."""

    def __init__(self, current: Collection[str], retired: Collection[str] = ()) -> None:
        self.current = tuple(current)
        self.all = (*current, *retired)
        self.mailboxes = frozenset(key for key in self.all if kind(key) == "email")
        self.npis = frozenset(key for key in self.all if kind(key) == "npi")

    @property
    def new_record(self) -> DoctorRecord:
        """This doctor's record, still without claims and facts."""
        return DoctorRecord(_only(self.mailboxes, self.current), _only(self.npis, self.current))

    @property
    def ids(self) -> frozenset[str]:
        """This doctor's ids, one per hashing key. Without mailbox and NPI, one per key."""
        by_hashing_key: dict[str, list[str]] = {}
        for key in self.all:
            by_hashing_key.setdefault(key.split("#")[1], []).append(key)
        ids = {_id(_only(self.mailboxes, keys), _only(self.npis, keys)) for keys in by_hashing_key.values()} - {""}
        return frozenset(ids or self.all)


def kind(key: str) -> str:
    """Return a key's kind: email, npi, phone (with the name) or postcode (with the name)."""
    return key.partition("#")[0]


def closing_of(name: str) -> str:
    """Return which fact this is: `opted_out` for `opted_out/lumen`."""
    return name.partition("/")[0]


def is_strong(key: str) -> bool:
    return kind(key) in {"email", "npi"}


def _only(some: frozenset[str], keys: Collection[str]) -> str | None:
    return next((key for key in keys if key in some), None)


def _id(mailbox: str | None, npi: str | None) -> str:
    return hashlib.sha256(f"{mailbox}|{npi}".encode()).hexdigest()[:16] if mailbox or npi else ""
