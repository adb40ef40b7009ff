"""Records of doctors, by their keys.

A doctor has a record under each of their keys. One key can have the records of several doctors: of two who share a
mailbox, or who have the same name and ZIP code.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from referral_intake.core.milestones import Milestone
from referral_intake.core.reasons import Closing

OPTED_IN = Milestone.OPTED_IN.value
"""The fact that undoes every earlier opt-out. Complaints and bounces can't be undone."""
BOUNCED = Closing.BOUNCED.value


@dataclass(frozen=True, slots=True)
class StepClaim:
    """Which referral claimed a step, and when. A reservation is for a letter or call that is not recorded yet."""

    by: str
    at: datetime
    is_reservation: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """When a fact was recorded, and the referral through which it came.

    `is_personal` says that it came by a printed letter or at the doctor's word. Then it applies to every doctor of this
    name with this phone or ZIP code.
    """

    at: datetime
    by: str
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class DoctorRecord:
    """A doctor's record under one key.

    `mailbox` and `npi` are the doctor's strong keys. `claims` are by campaign and step (`lumen/introduction`), `facts`
    by name (`opted_out` or, for one campaign, `opted_out/lumen`). A person found that the doctor is the same as, or
    different from, the doctors with these ids.
    """

    mailbox: str | None = None
    npi: str | None = None
    claims: Mapping[str, StepClaim] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    same_as: frozenset[str] = frozenset()
    different_from: frozenset[str] = frozenset()

    def id_under(self, key: str) -> str:
        """Return the doctor's id. For a doctor without mailbox and NPI, it is the key."""
        return _id(self.mailbox, self.npi) or key

    def opt_out(self, campaign: str) -> tuple[Closing, Fact] | None:
        """Return the complaint or opt-out that forbids messages of this campaign, if any."""
        undone = self.facts.get(OPTED_IN)
        for closing, name in (
            (Closing.COMPLAINED, Closing.COMPLAINED.value),
            (Closing.OPTED_OUT, Closing.OPTED_OUT.value),
            (Closing.OPTED_OUT, f"{Closing.OPTED_OUT.value}/{campaign}"),
        ):
            fact = self.facts.get(name)
            if fact and (closing is Closing.COMPLAINED or undone is None or undone.at <= fact.at):
                return closing, fact
        return None


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


def is_strong(key: str) -> bool:
    return kind(key) in {"email", "npi"}


def _only(some: frozenset[str], keys: Collection[str]) -> str | None:
    return next((key for key in keys if key in some), None)


def _id(mailbox: str | None, npi: str | None) -> str:
    return hashlib.sha256(f"{mailbox}|{npi}".encode()).hexdigest()[:16] if mailbox or npi else ""
