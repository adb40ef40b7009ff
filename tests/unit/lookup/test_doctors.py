"""The door for whoever types a doctor's name."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from referral_intake.core.errors import Unavailable
from referral_intake.lookup import doctors as door
from referral_intake.lookup.wiring import Lookup
from tests.support import events
from tests.support.lookups import FakeKept, FakeRegistry
from tests.support.samples import NOW


class Door:
    def __init__(self) -> None:
        self.registry = FakeRegistry()
        self.kept = FakeKept()

    def __call__(self, name: str | None = "Maria Lopez", state: str | None = "IL", budget: float = 2.0) -> Any:
        given = {"name": name, "state": state}
        query = "&".join(f"{key}={value}" for key, value in given.items() if value is not None)
        event = events.request("GET /api/doctors", query=query)
        self.response = door.respond(event, Lookup(self.registry, self.kept), NOW, budget)
        return json.loads(self.response["body"])


def test_matches_are_offered_in_the_forms_own_fields() -> None:
    said = Door()()
    assert said["available"] is True
    assert [doctor["address"]["city"] for doctor in said["doctors"]] == ["Springfield", "Chicago", "Chicago"]
    assert set(said["doctors"][0]) == {"name", "npi", "specialty", "phone", "address"}


def test_the_registry_is_asked_once_for_the_same_search() -> None:
    opened = Door()
    first, again = opened("Maria Lopez"), opened("dr. maria  LOPEZ, MD")
    assert first == again
    assert len(opened.registry.asked) == 1


def test_that_nobody_was_found_is_kept_as_well() -> None:
    opened = Door()
    for _ in range(2):
        assert opened("Zebulon Quigley") == {"doctors": [], "available": True}
    assert [query.last for query in opened.registry.asked] == ["quigley", "zebulon"]


def test_a_failure_is_an_empty_answer_that_says_so_and_is_not_kept() -> None:
    opened = Door()
    opened.registry.fails = Unavailable("status 503")
    assert opened() == {"doctors": [], "available": False}
    assert opened.response["statusCode"] == 200
    opened.registry.fails = None
    assert opened()["doctors"]


def test_a_slow_registry_does_not_keep_anybody_waiting() -> None:
    opened = Door()
    opened.registry.may_answer.clear()
    assert opened(budget=0.05) == {"doctors": [], "available": False}
    opened.registry.may_answer.set()


def test_without_the_table_the_registry_still_answers() -> None:
    opened = Door()
    opened.kept.fails = True
    assert opened()["doctors"]


def test_a_name_that_is_too_short_yet_is_asked_of_nobody() -> None:
    opened = Door()
    assert opened("Dr. L") == {"doctors": [], "available": True}
    assert opened.registry.asked == []


@pytest.mark.parametrize(
    ("name", "state"), [(None, "IL"), ("Lopez", None), ("", ""), ("Lopez", "XX"), ("123", "IL"), ("x" * 200, "IL")]
)
def test_bad_parameters_are_a_400(name: str | None, state: str | None) -> None:
    opened = Door()
    assert opened(name, state)["code"] == "invalid"
    assert opened.response["statusCode"] == 400
    assert opened.response["headers"]["content-type"] == "application/problem+json"


def test_a_request_without_any_query_is_a_400() -> None:
    event = events.request("GET /api/doctors")
    assert door.respond(event, Lookup(FakeRegistry(), FakeKept()), NOW)["statusCode"] == 400


@pytest.mark.parametrize("failure", [Unavailable("status 503"), ValueError("marked-lopez"), KeyError("marked")])
def test_the_log_learns_no_name(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    opened = Door()
    opened.registry.fails = failure
    assert opened("Maria Marked-Lopez") == {"doctors": [], "available": False}
    opened(quote("<Marked>") * 99)
    said = " ".join(str(vars(line)) for line in caplog.records)
    assert "status 503" in said or type(failure).__name__ in said
    assert "arked" not in said


def test_no_answer_may_be_kept_by_browsers() -> None:
    opened = Door()
    opened()
    assert opened.response["headers"]["cache-control"] == "no-store"
