"""The doctor lookup behind the form."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from referral_intake.aws.registry_signatures import RegistrySignatures
from referral_intake.core.errors import Unavailable
from referral_intake.lookup import doctors
from referral_intake.lookup.wiring import LookupParts
from tests.support import events
from tests.support.fakes import ring
from tests.support.lookups import FakeMatchCache, FakeRegistry
from tests.support.samples import NOW

SIGNATURES = RegistrySignatures(ring)


class LookupInMemory:
    def __init__(self) -> None:
        self.registry = FakeRegistry()
        self.kept = FakeMatchCache()

    def __call__(self, name: str | None = "Maria Lopez", state: str | None = "IL", budget: float = 2.0) -> Any:
        parameters = {"name": name, "state": state}
        query = "&".join(f"{key}={value}" for key, value in parameters.items() if value is not None)
        event = events.request("GET /api/doctors", query=query)
        self.response = doctors.respond(event, LookupParts(self.registry, self.kept, SIGNATURES), NOW, budget)
        return json.loads(self.response["body"])


def test_matches_use_the_field_names_of_the_form() -> None:
    said = LookupInMemory()()
    assert said["available"] is True
    assert [doctor["address"]["city"] for doctor in said["doctors"]] == ["Springfield", "Chicago", "Chicago"]
    assert set(said["doctors"][0]) == {"name", "npi", "specialty", "phone", "address", "registry_signature"}


def test_the_same_search_queries_the_registry_once() -> None:
    opened = LookupInMemory()
    first, again = opened("Maria Lopez"), opened("dr. maria  LOPEZ, MD")
    assert first == again
    assert len(opened.registry.queries) == 1


def test_an_empty_result_is_cached_as_well() -> None:
    opened = LookupInMemory()
    for _ in range(2):
        assert opened("Zebulon Quigley") == {"doctors": [], "available": True}
    assert [query.last for query in opened.registry.queries] == ["quigley", "zebulon"]


def test_a_failure_gives_an_empty_result_that_is_marked_and_not_cached() -> None:
    opened = LookupInMemory()
    opened.registry.fails = Unavailable("status 503")
    assert opened() == {"doctors": [], "available": False}
    assert opened.response["statusCode"] == 200
    opened.registry.fails = None
    assert opened()["doctors"]


def test_a_slow_registry_does_not_delay_the_response() -> None:
    opened = LookupInMemory()
    opened.registry.may_answer.clear()
    assert opened(budget=0.05) == {"doctors": [], "available": False}
    opened.registry.may_answer.set()


def test_the_lookup_works_without_its_table() -> None:
    opened = LookupInMemory()
    opened.kept.fails = True
    assert opened()["doctors"]


def test_a_name_that_is_too_short_sends_no_query() -> None:
    opened = LookupInMemory()
    assert opened("Dr. L") == {"doctors": [], "available": True}
    assert opened.registry.queries == []


@pytest.mark.parametrize(
    ("name", "state"), [(None, "IL"), ("Lopez", None), ("", ""), ("Lopez", "XX"), ("123", "IL"), ("x" * 200, "IL")]
)
def test_bad_parameters_are_a_400(name: str | None, state: str | None) -> None:
    opened = LookupInMemory()
    assert opened(name, state)["code"] == "invalid"
    assert opened.response["statusCode"] == 400
    assert opened.response["headers"]["content-type"] == "application/problem+json"


def test_a_request_without_any_query_is_a_400() -> None:
    event = events.request("GET /api/doctors")
    assert doctors.respond(event, LookupParts(FakeRegistry(), FakeMatchCache(), SIGNATURES), NOW)["statusCode"] == 400


@pytest.mark.parametrize("failure", [Unavailable("status 503"), ValueError("marked-lopez"), KeyError("marked")])
def test_the_log_contains_no_name(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    opened = LookupInMemory()
    opened.registry.fails = failure
    assert opened("Maria Marked-Lopez") == {"doctors": [], "available": False}
    opened(quote("<Marked>") * 99)
    text = " ".join(str(vars(line)) for line in caplog.records)
    assert "status 503" in text or type(failure).__name__ in text
    assert "arked" not in text


def test_browsers_may_not_cache_a_response() -> None:
    opened = LookupInMemory()
    opened()
    assert opened.response["headers"]["cache-control"] == "no-store"
