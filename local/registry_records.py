"""Expand an entry of registry.toml to a full record in the format of NPPES 2.1."""

from typing import Any

Record = dict[str, Any]

_CODES = {
    "Anesthesiology, Pain Medicine": "207LP2900X",
    "Family Medicine": "207Q00000X",
    "Internal Medicine": "207R00000X",
    "Internal Medicine, Hematology & Oncology": "207RH0003X",
    "Internal Medicine, Hospice and Palliative Medicine": "207RH0002X",
    "Internal Medicine, Medical Oncology": "207RX0202X",
    "Neurological Surgery": "207T00000X",
    "Nurse Practitioner, Family": "363LF0000X",
    "Orthopaedic Surgery, Orthopaedic Surgery of the Spine": "207XS0117X",
    "Radiology, Radiation Oncology": "2085R0001X",
    "Radiology, Vascular & Interventional Radiology": "2085R0204X",
}


def record(serial: int, line: Record) -> Record:
    """Return the record for an entry of registry.toml. `serial` is its index."""
    number = npi(200_000_100 + 37 * serial)
    is_person = "first" in line
    return {
        "created_epoch": "1183680000000",
        "enumeration_type": "NPI-1" if is_person else "NPI-2",
        "last_updated_epoch": "1718150400000",
        "number": number,
        "addresses": [_address(line, "LOCATION"), _address({**line, **line.get("mailing", {})}, "MAILING")],
        "practiceLocations": [_address({**line, **line["second"]}, "LOCATION")] if "second" in line else [],
        "basic": (_person if is_person else _organization)(line),
        "taxonomies": [
            _taxonomy(line, desc, is_primary=place == line.get("primary", 0))
            for place, desc in enumerate(line["specialties"])
        ],
        "identifiers": [],
        "endpoints": [],
        "other_names": [_former_name(line)] if "former" in line else [],
    }


def npi(nine_digits: int) -> str:
    """Append the check digit. NPIs that start with 2 are not in use, so the samples match no real doctor."""
    digits = [int(digit) for digit in f"80840{nine_digits}"]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::-2])
    return f"{nine_digits}{-(doubled + sum(digits[-2::-2])) % 10}"


def _person(line: Record) -> Record:
    details = {
        "first_name": line["first"],
        "last_name": line["last"],
        "middle_name": line.get("middle", ""),
        "credential": line.get("credential", "M.D."),
        "sole_proprietor": "NO",
        "sex": line.get("sex", "F"),
        "name_prefix": line.get("prefix", "--"),
        "name_suffix": "--",
        **_dates(line),
    }
    return {name: value for name, value in details.items() if value}


def _organization(line: Record) -> Record:
    return {
        "organization_name": line["organization"],
        "organizational_subpart": "NO",
        "authorized_official_first_name": line["official"][0],
        "authorized_official_last_name": line["official"][1],
        "authorized_official_title_or_position": "PRESIDENT",
        "authorized_official_telephone_number": line["phone"],
        **_dates(line),
    }


def _dates(line: Record) -> Record:
    dates = {"enumeration_date": "2007-07-06", "last_updated": "2024-06-12", "certification_date": "2024-06-12"}
    if line.get("status", "A") == "A":
        return {**dates, "status": "A"}
    return {**dates, "status": line["status"], "deactivation_date": "2023-03-01"}


def _address(line: Record, purpose: str) -> Record:
    city, state, postal_code = line["place"]
    address = {
        "country_code": "US",
        "country_name": "United States",
        "address_purpose": purpose,
        "address_type": "DOM",
        "address_1": line["street"],
        "address_2": line.get("suite"),
        "city": city,
        "state": state,
        "postal_code": postal_code,
        # The registry omits the member if there is no number.
        "telephone_number": line.get("phone"),
    }
    return {name: value for name, value in address.items() if value is not None}


def _taxonomy(line: Record, desc: str, *, is_primary: bool) -> Record:
    return {
        "code": _CODES[desc],
        "taxonomy_group": "",
        "desc": desc,
        "state": line["place"][1],
        "license": "036000000",
        "primary": is_primary,
    }


def _former_name(line: Record) -> Record:
    return {"type": "Former Name", "code": "1", "first_name": line["first"], "last_name": line["former"]}
