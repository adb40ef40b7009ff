"""Selection of registry records, and the fields that are offered."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.registry import Registry
from referral_intake.core.submission import parse
from referral_intake.lookup.capitalization import readable, readable_name
from referral_intake.lookup.matching import MAX_MATCHES, matches
from referral_intake.lookup.name_search import Query, read_search
from tests.support import samples

QUERY = Query("maria", "lopez", "IL")
# The sample registry's records have the structure of real ones.
RECORD: dict[str, Any] = Registry().records[0]


def record(**changes: Any) -> dict[str, Any]:
    """Maria Lopez of Springfield, Illinois, with other values at these paths, such as `basic__status`."""
    changed = deepcopy(RECORD)
    for path, value in changes.items():
        *parts, last = path.split("__")
        place: Any = changed
        for part in parts:
            place = place[int(part) if part.isdigit() else part]
        place[int(last) if last.isdigit() else last] = value
    return changed


def offered(*records: Any, query: Query = QUERY) -> list[str]:
    return [match["name"] for match in matches(query, list(records))]


def test_a_match_has_the_fields_of_the_form_in_common_spelling() -> None:
    (match,) = matches(QUERY, [RECORD])
    assert match == {
        "name": "Maria E. Lopez",
        "npi": "2000001000",
        "specialty": "Internal Medicine, Medical Oncology",
        "phone": "(217) 555-0101",
        "address": {
            "line1": "1401 N Maple Grove Ave",
            "line2": "Ste 200",
            "city": "Springfield",
            "state": "IL",
            "postal_code": "62701",
        },
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"enumeration_type": "NPI-2"},
        {"basic__status": "D"},
        {"basic__last_name": "HALVORSEN"},
        {"basic__first_name": "JUAN"},
        {"addresses__0__state": "WI"},
        {"addresses__0__address_purpose": "MAILING"},
        {"number": "2000001001"},
        {"number": "12"},
        {"basic__first_name": "WWW.EVIL.EXAMPLE"},
        {"basic": None},
        {"addresses": None},
    ],
    ids=str,
)
def test_a_record_that_does_not_match_is_not_offered(changes: dict[str, Any]) -> None:
    assert offered(record()) == ["Maria E. Lopez"]
    assert offered(record(**changes)) == []


def test_a_match_by_former_name_only_is_not_offered() -> None:
    former = {"type": "Former Name", "first_name": "MARIA", "last_name": "LOPEZ"}
    assert offered(record(basic__last_name="HALVORSEN", other_names=[former])) == []


def test_a_doctor_with_a_second_practice_in_the_state_is_offered_with_that_practice() -> None:
    second = {**RECORD["addresses"][0], "city": "PEORIA"}
    elsewhere = record(addresses__0__state="WI", practiceLocations=[second])
    assert matches(QUERY, [elsewhere])[0]["address"]["city"] == "Peoria"


@pytest.mark.parametrize("phone", [None, "", "000-000-0000", "555-0101", "+44 20 7946 0958", 7])
def test_a_phone_number_that_the_form_would_refuse_is_omitted(phone: Any) -> None:
    assert "phone" not in matches(QUERY, [record(addresses__0__telephone_number=phone)])[0]


@pytest.mark.parametrize(
    ("given_code", "shown"),
    [("627011234", "62701-1234"), ("62701-1234", "62701-1234"), ("627010000", "62701"), ("62701", "62701")],
)
def test_a_zip_code_has_its_common_format(given_code: str, shown: str) -> None:
    assert matches(QUERY, [record(addresses__0__postal_code=given_code)])[0]["address"]["postal_code"] == shown


def test_without_a_primary_specialty_the_first_one_is_used() -> None:
    several = [{"desc": "Family Medicine", "primary": False}, {"desc": "Neurology", "primary": False}]
    assert matches(QUERY, [record(taxonomies=several)])[0]["specialty"] == "Family Medicine"
    assert "specialty" not in matches(QUERY, [record(taxonomies=[])])[0]


def test_an_npi_is_offered_once() -> None:
    assert offered(record(), record(number=int(RECORD["number"]))) == ["Maria E. Lopez"]


def test_exact_names_come_before_prefix_matches_and_eight_is_the_maximum() -> None:
    longer = record(basic__last_name="LOPEZ GARCIA", number="2000001042")
    assert offered(longer, record()) == ["Maria E. Lopez", "Maria E. Lopez Garcia"]
    many = matches(Query("", "ashgrove", "CA"), Registry().records)
    assert len(many) == MAX_MATCHES
    assert [match["name"] for match in many] == sorted(match["name"] for match in many)


def test_an_initial_matches_a_first_name() -> None:
    assert offered(record(), query=Query("m", "lopez", "IL"))
    assert not offered(record(), query=Query("j", "lopez", "IL"))


def test_every_offered_match_is_accepted_by_the_form() -> None:
    """Covers the whole sample registry."""
    taken = 0
    for one in Registry().records:
        last = one["basic"].get("last_name", "none")
        for place in one["addresses"] + one["practiceLocations"]:
            for match in matches(Query("", last.casefold(), place["state"]), [one]):
                doctor = parse(samples.payload(doctor=match), samples.CAMPAIGNS.get).doctor
                assert (doctor.npi, doctor.name) == (match["npi"], match["name"])
                assert doctor.address.is_whole
                taken += 1
    assert taken > 40


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(RECORD)), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted({*RECORD, "basic__first_name", "addresses__0", "taxonomies__0"})), JSON)
def test_a_record_of_unexpected_structure_causes_no_exception(path: str, value: Any) -> None:
    assert offered(value, record(**{path: value})) in ([], ["Maria E. Lopez"], ["Maria E. Lopez"] * 2)


@pytest.mark.parametrize(
    ("capitals", "written"),
    [
        ("1401 NE 42ND ST APT 5B", "1401 NE 42nd St Apt 5B"),
        ("PO BOX 12", "PO Box 12"),
        ("Already Written", "Already Written"),
        ("", ""),
    ],
)
def test_an_uppercase_address_becomes_readable(capitals: str, written: str) -> None:
    assert readable(capitals) == written


@pytest.mark.parametrize(
    ("capitals", "written"),
    [
        ("O'BRIEN-MCDONALD", "O'Brien-McDonald"),
        ("NE", "Ne"),
        ("MARIA ELENA", "Maria Elena"),
        ("ÅSA", "Åsa"),
        ("van der Berg", "van der Berg"),
    ],
)
def test_an_uppercase_name_becomes_readable(capitals: str, written: str) -> None:
    assert readable_name(capitals) == written


def test_the_stand_in_contains_no_real_doctor() -> None:
    """The registry assigns no numbers that begin with 2, and 555-01xx is reserved for fiction."""
    phones = [place.get("telephone_number", "-555-01") for one in Registry().records for place in one["addresses"]]
    assert all("-555-01" in phone for phone in phones)
    assert all(one["number"].startswith("2") for one in Registry().records)
    assert read_search("Maria Lopez", "IL").queries


REPORTED = json.loads((samples.ROOT / "tests" / "events" / "reported_doctors.json").read_text("utf-8"))["lookup"]


@pytest.mark.parametrize("case", REPORTED, ids=lambda case: case["name"])
def test_a_typed_name_from_a_public_report_is_found(case: dict[str, str]) -> None:
    first, last = case["registry"].split(" ", 1)
    found = record(basic__first_name=first, basic__last_name=last)
    search = read_search(case["name"], "IL")
    assert any(matches(query, [found]) for query in search.queries)
    assert not any(matches(query, [record()]) for query in search.queries)
