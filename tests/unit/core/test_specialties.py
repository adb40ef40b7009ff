"""Specialties as counted."""

import tomllib

import pytest

from referral_intake.core.specialties import NONE, OTHER, SPECIALTIES, specialty_group
from tests.support.samples import ROOT, TEMPLATES

OFFERED = {
    language: tomllib.loads((TEMPLATES / "site" / "text" / f"{language}.toml").read_text("utf-8"))["specialties"][
        "common"
    ]
    for language in ("en", "es")
}
REGISTRY = tomllib.loads((ROOT / "local" / "registry.toml").read_text("utf-8"))["records"]


@pytest.mark.parametrize(
    ("typed", "counted"),
    [
        ("Radiation oncology", "radiation_oncology"),
        ("Radiology, Radiation Oncology", "radiation_oncology"),
        ("Oncolog\u00eda radioter\u00e1pica", "radiation_oncology"),
        ("ONCOLOGIST", "medical_oncology"),
        ("Internal Medicine, Hematology & Oncology", "medical_oncology"),
        ("Internal Medicine, Hospice and Palliative Medicine", "palliative_care"),
        ("Internal Medicine", "internal_medicine"),
        ("Orthopaedic Surgery, Orthopaedic Surgery of the Spine", "spine_surgery"),
        ("Nurse Practitioner, Family", "nurse_practitioner"),
        ("neurocirug\u00eda", "neurosurgery"),
        ("Dermatology", OTHER),
        ("\u795e\u7d93\u5916\u79d1", OTHER),
        ("", NONE),
        (None, NONE),
    ],
)
def test_a_typed_specialty_counts_as_one_of_a_short_list(typed: str | None, counted: str) -> None:
    assert specialty_group(typed) == counted
    assert counted in SPECIALTIES


@pytest.mark.parametrize("language", OFFERED)
def test_every_specialty_of_the_form_has_its_own_counter(language: str) -> None:
    counted = [specialty_group(offered) for offered in OFFERED[language]]
    assert OTHER not in counted
    assert len(set(counted)) == len(counted)


def test_the_form_has_the_same_specialties_in_every_language() -> None:
    assert {specialty_group(one) for one in OFFERED["en"]} == {specialty_group(one) for one in OFFERED["es"]}


def test_every_specialty_of_the_registry_has_a_counter() -> None:
    specialties = {one for record in REGISTRY for one in record.get("specialties", []) if "first" in record}
    assert specialties
    assert [one for one in specialties if specialty_group(one) == OTHER] == []
