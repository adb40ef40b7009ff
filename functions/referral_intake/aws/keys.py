"""Rotating keys from Secrets Manager, and their uses: hashes of doctors, signed links.

A secret is a JSON object. `current` is the id of the key in use, and every other entry is a key by its id. Retired keys
stay in the secret because opt-outs and opt-out links never expire.
"""

import hashlib
import hmac
import ipaddress
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from referral_intake.core.doctor import Doctor
from referral_intake.core.person_names import VERSION
from referral_intake.core.referral import Referral
from referral_intake.core.submission import Submission


@dataclass(frozen=True, slots=True)
class Keyring:
    current: str
    keys: dict[str, bytes]

    @classmethod
    def from_secret(cls, secret: dict[str, str]) -> "Keyring":
        keys = {name: key.encode() for name, key in secret.items() if name != "current"}
        return cls(secret["current"], keys)

    @property
    def oldest_first(self) -> list[bytes]:
        """All keys, the current one last."""
        return [key for name, key in self.keys.items() if name != self.current] + [self.keys[self.current]]


Ring = Callable[[], Keyring]
"""Returns the current keys. They can rotate while a process runs."""


class DoctorHashes:
    """A doctor's keys in the table: keyed hashes, each with its hashing key and the version of the normalization."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def of(self, referral: Referral) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the keys made with the current hashing key, and those made with retired ones."""
        return self.of_doctor(referral.doctor)

    def of_doctor(self, doctor: Doctor) -> tuple[tuple[str, ...], tuple[str, ...]]:
        ring = self._ring()
        kinds = doctor.keys
        current = tuple(_hashed(ring, ring.current, kind, value) for kind, value in kinds.items())
        retired_ids = [key_id for key_id in ring.keys if key_id != ring.current]
        retired = tuple(_hashed(ring, key_id, kind, value) for key_id in retired_ids for kind, value in kinds.items())
        return current, retired

    def of_name(self, name: str) -> str:
        """Return the hash of a name. It does not identify a doctor: two doctors can have the same name."""
        ring = self._ring()
        return _hashed(ring, ring.current, "name", name)


def _hashed(ring: Keyring, key_id: str, kind: str, value: str) -> str:
    digest = hmac.digest(ring.keys[key_id], f"{kind}:{value}".encode(), hashlib.sha256)
    return f"{kind}#{key_id}#{VERSION}#{digest[:16].hex()}"


def source_hash(ring: Ring, address: str, now: datetime) -> str:
    """Return a keyed hash of a network address for one day (UTC). It can't be reversed or linked to another day's."""
    keys = ring()
    said = f"source:{now:%Y-%m-%d}:{_network(address)}"
    return hmac.digest(keys.keys[keys.current], said.encode(), hashlib.sha256)[:16].hex()


def _network(address: str) -> str:
    """Return the /64 network of an IPv6 address, because one household or server has all its addresses."""
    try:
        is_6 = ipaddress.ip_address(address).version == 6
    except ValueError:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False)) if is_6 else address


def derived_submission_id(ring: Ring, submission: Submission, source: str, now: datetime) -> uuid.UUID:
    """Return the id of a submission from a page without JavaScript, which can't generate one.

    The same form from the same source on the same day has the same id, so a double click or a refresh gives one
    referral. The id is keyed so that it does not reveal the source.
    """
    keys = ring()
    said = f"submission:{now:%Y-%m-%d}:{source}:{submission.content}"
    return uuid.UUID(bytes=hmac.digest(keys.keys[keys.current], said.encode(), hashlib.sha256)[:16], version=4)
