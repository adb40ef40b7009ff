"""Signatures of what the look-up found."""

from dataclasses import replace

import pytest

from referral_intake.aws.keys import Keyring
from referral_intake.aws.registry_signatures import RegistrySignatures
from referral_intake.core.doctor import Doctor
from tests.support.fakes import ring

MATCH = {"name": "Zoë O\u2019Brien", "npi": "1234567893", "phone": "(217) 555-0123"}
DOCTOR = Doctor(MATCH["name"], npi=MATCH["npi"])
SIGNATURES = RegistrySignatures(ring)


def test_the_name_with_the_npi_is_valid_whatever_the_other_details() -> None:
    signature = SIGNATURES.sign(MATCH)
    assert SIGNATURES.is_valid(replace(DOCTOR, phone="+12175550199", email="zoe@clinic.example"), signature)
    assert len(signature) < 50


@pytest.mark.parametrize("changed", [{"name": "Zoe O'Brien"}, {"npi": "1548297369"}, {"npi": None}, {"name": ""}])
def test_another_name_or_npi_is_not_valid(changed: dict[str, str | None]) -> None:
    assert not SIGNATURES.is_valid(replace(DOCTOR, **changed), SIGNATURES.sign(MATCH))  # type: ignore[arg-type]


@pytest.mark.parametrize("signature", [None, "", "x", "ä", "\ud800", 7, [], {}, "=" * 100_000])
def test_anything_else_is_not_valid(signature: object) -> None:
    assert not SIGNATURES.is_valid(DOCTOR, signature)


def test_a_signature_stays_valid_after_a_rotation_of_the_keys() -> None:
    old = Keyring("a", {"a": b"first"})
    new = Keyring("b", {"a": b"first", "b": b"second"})
    signature = RegistrySignatures(lambda: old).sign(MATCH)
    assert RegistrySignatures(lambda: new).is_valid(DOCTOR, signature)
    assert RegistrySignatures(lambda: new).sign(MATCH) != signature
    assert not RegistrySignatures(lambda: Keyring("c", {"c": b"other"})).is_valid(DOCTOR, signature)
