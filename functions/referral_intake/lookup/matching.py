"""Select the registry's records that match the query, and convert them to the form's fields.

The registry's own matching is broad. It includes former names, mailing addresses in other states, and deactivated
numbers. So every record is checked against the query again.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from referral_intake.core import contact
from referral_intake.core.doctor import ADDRESS_FIELDS, DOCTOR_FIELDS
from referral_intake.core.form_fields import FormField
from referral_intake.core.person_names import letters_only
from referral_intake.core.validation import Invalid, one_line
from referral_intake.lookup.capitalization import readable, readable_name
from referral_intake.lookup.name_search import Query

MAX_MATCHES = 8

Match = dict[str, Any]
"""A doctor in the form's own fields, as `doctor` in a submission. The form accepts all of its values."""


def matches(query: Query, records: list[Any]) -> list[Match]:
    """Return at most MAX_MATCHES matches, exact names first, without duplicate NPIs."""
    found: dict[str, tuple[Any, Match]] = {}
    for record in records:
        if isinstance(record, Mapping) and _fits_query(query, record) and (match := _match(query, record)):
            found.setdefault(match["npi"], (_sort_key(query, record), match))
    return [match for _, match in sorted(found.values(), key=lambda ranked: ranked[0])][:MAX_MATCHES]


def _fits_query(query: Query, record: Mapping[str, Any]) -> bool:
    basic = _mapping(record, "basic")
    is_active_person = record.get("enumeration_type") == "NPI-1" and basic.get("status") == "A"
    first, last = letters_only(_text(basic, "first_name")), letters_only(_text(basic, "last_name"))
    # Former names are not compared: a person who typed another name would not understand the match.
    is_last = last == query.last if query.is_short else last.startswith(letters_only(query.last))
    return is_active_person and is_last and first.startswith(letters_only(query.first))


def _sort_key(query: Query, record: Mapping[str, Any]) -> tuple[bool, bool, str, str, str]:
    """Return the sort key: exact names come before names that only begin with the query."""
    basic = _mapping(record, "basic")
    first, last = letters_only(_text(basic, "first_name")), letters_only(_text(basic, "last_name"))
    return last != letters_only(query.last), first != letters_only(query.first), last, first, str(record.get("number"))


def _match(query: Query, record: Mapping[str, Any]) -> Match | None:
    """Return the match, or None if the doctor practices in another state, or the name or the number is invalid."""
    practice = next((place for place in _practices(record) if _text(place, "state") == query.state), None)
    name = _name(_mapping(record, "basic"))
    npi = _normalized(contact.npi, str(record.get("number", "")))
    if practice is None or not name or not npi:
        return None
    address = {
        "line1": _line(readable(_text(practice, "address_1")), ADDRESS_FIELDS["line1"]),
        "line2": _line(readable(_text(practice, "address_2")), ADDRESS_FIELDS["line2"]),
        "city": _line(readable(_text(practice, "city")), ADDRESS_FIELDS["city"]),
        "state": query.state,
        "postal_code": _postal_code(_text(practice, "postal_code")),
    }
    details = {"specialty": _specialty(record), "phone": _phone(_text(practice, "telephone_number"))}
    return {"name": name, "npi": npi, **_without_empty(details), "address": _without_empty(address)}


def _practices(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for place in _mappings(record, "addresses"):
        if place.get("address_purpose") == "LOCATION":
            yield place
    yield from _mappings(record, "practiceLocations")


def _name(basic: Mapping[str, Any]) -> str:
    """Return first name, middle initial and last name."""
    first, last = _text(basic, "first_name"), _text(basic, "last_name")
    middle = f"{_text(basic, 'middle_name')[:1]}." if _text(basic, "middle_name")[:1].isalpha() else ""
    name = " ".join(filter(None, (readable_name(first), middle.upper(), readable_name(last))))
    return _line(name, DOCTOR_FIELDS["name"])


def _specialty(record: Mapping[str, Any]) -> str:
    taxonomies = sorted(_mappings(record, "taxonomies"), key=lambda taxonomy: taxonomy.get("primary") is not True)
    return _line(readable(_text(taxonomies[0], "desc")), DOCTOR_FIELDS["specialty"]) if taxonomies else ""


def _phone(text: str) -> str:
    """Return the number in the usual US format, `(212) 555-0123`."""
    digits = _normalized(contact.phone, text).removeprefix("+1")
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 and digits.isdigit() else ""


def _postal_code(text: str) -> str:
    return _normalized(contact.postal_code, text).removesuffix("-0000")


def _line(text: str, field: FormField) -> str:
    return _normalized(lambda typed: one_line(typed, field.limit), text)


def _normalized(normal: Callable[[str], str], text: str) -> str:
    """Return the form's normal form of the text, or "" if the form would refuse it."""
    try:
        return normal(text)
    except Invalid:
        return ""


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return value.strip() if isinstance(value, str) and value.strip() != "--" else ""


def _mapping(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def _mappings(record: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = record.get(name)
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def _without_empty(details: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in details.items() if value}
