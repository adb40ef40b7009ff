"""Create fictional doctors at fictional practices, with email addresses in reserved domains (RFC 2606)."""

import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from local.demo.places import a_phone, a_state, an_address
from local.registry import Registry
from local.registry_records import npi

_NAMES = tomllib.loads(Path(__file__).with_name("names.toml").read_text("utf-8"))["names"]
_FIRST, _LAST = _NAMES["first"].split(), _NAMES["last"].split()

# Specialties as patients type them, with weights in percent.
_SPECIALTIES = {
    "Medical Oncology": 22,
    "Radiation Oncology": 15,
    "Hematology & Oncology": 9,
    "Oncologist": 5,
    "Neurosurgery": 8,
    "Orthopedic spine surgery": 8,
    "Interventional Radiology": 6,
    "Pain Medicine": 6,
    "Palliative Care": 5,
    "Family Medicine": 6,
    "Internal Medicine": 4,
    "Nurse practitioner": 1,
    "Back doctor": 1,
    "": 4,
}
_SPANISH_SPECIALTIES = {
    "Medical Oncology": "Oncología médica",
    "Radiation Oncology": "Radioterapia",
    "Oncologist": "Oncóloga",
    "Neurosurgery": "Neurocirugía",
    "Orthopedic spine surgery": "Cirugía de columna",
    "Pain Medicine": "Medicina del dolor",
    "Family Medicine": "Medicina familiar",
}

_PRACTICES = (
    "Lakeside",
    "Prairie",
    "Harbor",
    "Summit",
    "Cedar",
    "Riverbend",
    "Lantern",
    "Meadow",
    "Northgate",
    "Bayview",
)
_PRACTICE_KINDS = (
    "Oncology",
    "Spine Center",
    "Cancer Center",
    "Medical Group",
    "Clinic",
    "Hospital",
    "Radiology",
    "Physicians",
)
_RESERVED_DOMAINS = ("example.org", "example.com", "example.net")


@dataclass(frozen=True, slots=True)
class Doctor:
    """A sample doctor. `details` are the fields of the form. Without an email address, it has other contact details."""

    details: dict[str, Any]

    @property
    def state(self) -> str:
        return str(self.details["address"]["state"])

    def with_details(self, **details: Any) -> "Doctor":
        return Doctor(self.details | details)

    def in_spanish(self) -> "Doctor":
        typed = self.details.get("specialty", "")
        return self.with_details(specialty=_SPANISH_SPECIALTIES.get(typed, typed))

    def without_email(self) -> "Doctor":
        return Doctor({name: value for name, value in self.details.items() if name != "email"})


class Directory:
    """Creates different doctors. Some are from the sample registry, in the form that the lookup returns."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._made = 0
        self._names: set[str] = set()
        self._listed = [record for record in Registry().records if _is_a_doctor(record)]
        random.shuffle(self._listed)

    def new(self) -> Doctor:
        self._made += 1
        if self._listed and self._random.random() < 0.1:
            return self._from_registry(self._listed.pop())
        return self._made_up()

    def _made_up(self) -> Doctor:
        random = self._random
        state = a_state(random)
        specialty = random.choices(list(_SPECIALTIES), list(_SPECIALTIES.values()))[0]
        name = self._name()
        details: dict[str, Any] = {"name": name, "address": an_address(random, state), "specialty": specialty}
        practice = f"{random.choice(_PRACTICES)} {random.choice(_PRACTICE_KINDS)}"
        details["email"] = self._email(name, f"{practice} {details['address']['city']}")
        details["phone"] = a_phone(random, state)
        if random.random() < 0.6:
            details["practice"] = practice
        if random.random() < 0.25:
            details["npi"] = npi(210_000_000 + 37 * self._made)
        return Doctor({field: value for field, value in details.items() if value})

    def _name(self) -> str:
        while True:
            name = f"{self._random.choice(_FIRST)} {self._random.choice(_LAST)}"
            if name not in self._names:
                self._names.add(name)
                return name

    def _email(self, name: str, practice: str) -> str:
        first, last = _plain(name).split(" ", 1)
        local = self._random.choice([f"{first}.{last}", f"{first[0]}{last}", f"dr{last}", f"{last}.{first[0]}"])
        # All doctors of a practice have the same domain.
        place = "-".join(_plain(practice).replace(".", "").split()[::2])
        return f"{local}@{place}.{_RESERVED_DOMAINS[len(place) % 3]}"

    def _from_registry(self, record: dict[str, Any]) -> Doctor:
        from referral_intake.core.person_names import letters_only
        from referral_intake.lookup.matching import matches
        from referral_intake.lookup.name_search import Query

        basic, place = record["basic"], record["addresses"][0]
        asked = Query(letters_only(basic["first_name"]), letters_only(basic["last_name"]), place["state"])
        (match,) = matches(asked, [record])
        email = self._email(
            " ".join(match["name"].split()[:: len(match["name"].split()) - 1]), f"{place['city']} health"
        )
        return Doctor(match | {"email": email})


def _is_a_doctor(record: dict[str, Any]) -> bool:
    basic = record["basic"]
    return bool(record["enumeration_type"] == "NPI-1" and basic["status"] == "A")


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    return "".join(one for one in letters.lower() if one.isascii() and (one.isalnum() or one in " ."))
