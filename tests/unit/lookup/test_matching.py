"""Which records of the registry are offered, and what of them."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.registry import Registry
from referral_intake.aws.campaign_files import Campaigns
from referral_intake.core.submission import parse
from referral_intake.lookup.capitalization import readable, readable_name
from referral_intake.lookup.matching import MOST_MATCHES, matches
from referral_intake.lookup.name_search import Query, read_search
from tests.support import samples

QUERY = Query("maria", "lopez", "IL")
# Records of the stand-in have the shape of real ones.
RECORD: dict[str, Any] = Registry().records[0]


def record(**changes: Any) -> dict[str, Any]:
    """Maria Lopez of Springfield, Illinois, with something else at these paths: `basic__status`."""
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


def test_a_match_has_the_fields_of_the_form_in_the_form_that_people_write() -> None:
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
def test_what_was_not_asked_for_is_not_offered(changes: dict[str, Any]) -> None:
    assert offered(record()) == ["Maria E. Lopez"]
    assert offered(record(**changes)) == []


def test_a_former_name_alone_is_no_match() -> None:
    former = {"type": "Former Name", "first_name": "MARIA", "last_name": "LOPEZ"}
    assert offered(record(basic__last_name="HALVORSEN", other_names=[former])) == []


def test_who_practises_in_the_state_as_well_is_offered_with_that_practice() -> None:
    second = {**RECORD["addresses"][0], "city": "PEORIA"}
    elsewhere = record(addresses__0__state="WI", practiceLocations=[second])
    assert matches(QUERY, [elsewhere])[0]["address"]["city"] == "Peoria"


@pytest.mark.parametrize("phone", [None, "", "000-000-0000", "555-0101", "+44 20 7946 0958", 7])
def test_a_phone_number_that_the_form_would_refuse_is_left_out(phone: Any) -> None:
    assert "phone" not in matches(QUERY, [record(addresses__0__telephone_number=phone)])[0]


@pytest.mark.parametrize(
    ("given_code", "shown"),
    [("627011234", "62701-1234"), ("62701-1234", "62701-1234"), ("627010000", "62701"), ("62701", "62701")],
)
def test_a_zip_code_is_written_as_people_write_it(given_code: str, shown: str) -> None:
    assert matches(QUERY, [record(addresses__0__postal_code=given_code)])[0]["address"]["postal_code"] == shown


def test_without_a_primary_specialty_the_first_one_counts_and_none_is_none() -> None:
    several = [{"desc": "Family Medicine", "primary": False}, {"desc": "Neurology", "primary": False}]
    assert matches(QUERY, [record(taxonomies=several)])[0]["specialty"] == "Family Medicine"
    assert "specialty" not in matches(QUERY, [record(taxonomies=[])])[0]


def test_one_number_is_offered_once() -> None:
    assert offered(record(), record(number=int(RECORD["number"]))) == ["Maria E. Lopez"]


def test_just_that_name_comes_before_names_that_begin_so_and_no_more_than_eight_come() -> None:
    longer = record(basic__last_name="LOPEZ GARCIA", number="2000001042")
    assert offered(longer, record()) == ["Maria E. Lopez", "Maria E. Lopez Garcia"]
    many = matches(Query("", "ashgrove", "CA"), Registry().records)
    assert len(many) == MOST_MATCHES
    assert [match["name"] for match in many] == sorted(match["name"] for match in many)


def test_an_initial_is_enough_of_a_first_name() -> None:
    assert offered(record(), query=Query("m", "lopez", "IL"))
    assert not offered(record(), query=Query("j", "lopez", "IL"))


def test_whatever_is_offered_is_taken_by_the_form() -> None:
    """Of the whole stand-in registry."""
    taken = 0
    for one in Registry().records:
        last = one["basic"].get("last_name", "none")
        for place in one["addresses"] + one["practiceLocations"]:
            for match in matches(Query("", last.casefold(), place["state"]), [one]):
                doctor = parse(samples.payload(doctor=match), Campaigns(samples.TEMPLATES).get).doctor
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
def test_a_record_of_another_shape_breaks_nothing(path: str, value: Any) -> None:
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
def test_an_address_in_capitals_becomes_readable(capitals: str, written: str) -> None:
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
def test_a_name_in_capitals_becomes_readable(capitals: str, written: str) -> None:
    assert readable_name(capitals) == written


def test_the_stand_in_holds_nobody_who_exists() -> None:
    """The registry gives no numbers that begin with 2; 555-01xx is nobody's phone."""
    phones = [place.get("telephone_number", "-555-01") for one in Registry().records for place in one["addresses"]]
    assert all("-555-01" in phone for phone in phones)
    assert all(one["number"].startswith("2") for one in Registry().records)
    assert read_search("Maria Lopez", "IL").queries
