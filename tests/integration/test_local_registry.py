"""The sample registry responds like the real one, and its irrelevant results are not offered."""

import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from local.registry import Registry
from referral_intake.lookup.matching import matches
from referral_intake.lookup.name_search import Query


def ask(**query: str) -> dict[str, Any]:
    response = Registry().answer(Request(EnvironBuilder(query_string={"version": "2.1", **query}).get_environ()))
    assert response.status_code == 200
    data: dict[str, Any] = json.loads(response.data)
    return data


def test_a_record_has_the_structure_of_a_real_one() -> None:
    (found,) = ask(number="2000001000")["results"]
    assert set(found) == {
        *("created_epoch", "enumeration_type", "last_updated_epoch", "number", "addresses", "practiceLocations"),
        *("basic", "taxonomies", "identifiers", "endpoints", "other_names"),
    }
    assert {address["address_purpose"] for address in found["addresses"]} == {"LOCATION", "MAILING"}
    assert found["basic"]["last_name"] == "LOPEZ"


def test_a_broad_query_returns_other_names_and_none_of_them_is_offered() -> None:
    found = ask(last_name="lopez*", state="IL", limit="200")["results"]
    assert {each["enumeration_type"] for each in found} == {"NPI-1", "NPI-2"}
    assert {each["basic"]["status"] for each in found} == {"A", "D"}
    assert {each["addresses"][0]["state"] for each in found} == {"IL", "WI"}
    assert {each["basic"].get("last_name", "") for each in found} == {"LOPEZ", "LOPEZ GARCIA", "HALVORSEN", ""}
    assert not all("telephone_number" in each["addresses"][0] for each in found)
    offered = [match["name"] for match in matches(Query("", "lopez", "IL"), found)]
    assert offered == ["Marcus Lopez", "Maria E. Lopez", "Maria Lopez", "Marisol Lopez", "Mariana Lopez Garcia"]


def test_results_have_the_requested_number_and_offset() -> None:
    first, rest = (ask(last_name="ash*", limit="6", skip=skip) for skip in ("0", "6"))
    assert (first["result_count"], rest["result_count"]) == (6, 4)
    numbers = {each["number"] for each in first["results"] + rest["results"]}
    assert len(numbers) == 10


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "IL"}, "state"),
        ({"enumeration_type": "NPI-1"}, "enumeration_type"),
        ({"last_name": "l*", "state": "IL"}, "last_name"),
        ({"version": "1.0", "last_name": "lopez"}, "version"),
        ({}, "general"),
    ],
)
def test_an_invalid_query_gets_errors_with_status_200(query: dict[str, str], field: str) -> None:
    assert [error["field"] for error in ask(**query)["Errors"]] == [field]
