"""The dashboard API: headers, errors and validation of every response."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from referral_intake.core.errors import Stale, Unavailable
from referral_intake.dashboard import api as dashboard
from referral_intake.web import http
from tests.support import samples
from tests.support.dashboard import FakeDashboard, ask, request

SECRET = "maria.lopez@clinic.example"
DAYS = "campaign=lumen&from=2026-11-01&to=2026-11-22"


class Broken:
    """A part whose methods all raise."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        raise self.error


def broken(error: Exception) -> FakeDashboard:
    return FakeDashboard(campaigns=Broken(error))


def test_every_answer_has_the_headers_of_the_other_functions_answers() -> None:
    good = dashboard.respond(request("GET", "/me"), FakeDashboard(), samples.NOW)
    refused = dashboard.respond(request("GET", "/nothing"), FakeDashboard(), samples.NOW)
    forbidden = dashboard.respond(request("GET", "/me", groups=None), FakeDashboard(), samples.NOW)
    for response in (good, refused, forbidden):
        assert http.HEADERS.items() <= response["headers"].items()
        assert len({name.lower() for name in response["headers"]}) == len(response["headers"])
    assert good["headers"]["content-type"] == "application/json"
    assert refused["headers"]["content-type"] == forbidden["headers"]["content-type"] == "application/problem+json"


def test_an_unknown_route_is_not_found() -> None:
    for method, path in [("GET", ""), ("GET", "/nothing"), ("GET", "/me/more"), ("DELETE", "/me"), ("HEAD", "/me")]:
        status, problem = ask(FakeDashboard(), method, path)
        assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unavailable(SECRET), 503, "unavailable"),
        (Stale(SECRET), 409, "changed"),
        (ValueError(SECRET), 500, "unavailable"),
        (KeyError(SECRET), 500, "unavailable"),
        (RecursionError(SECRET), 500, "unavailable"),
    ],
)
def test_an_internal_error_is_reported_without_its_message(error: Exception, status: int, code: str) -> None:
    answered, problem = ask(broken(error), "GET", "/me")
    assert (answered, problem["code"], problem["status"]) == (status, code, status)
    assert SECRET not in json.dumps(problem)


def test_the_log_has_the_origin_of_an_error_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    ask(broken(ValueError(SECRET)), "GET", "/me")
    (logged,) = map(vars, caplog.records)
    assert logged["error"] == "ValueError"
    assert any(line.startswith("overview_routes.py:") for line in logged["stack"])
    assert logged["exc_info"] is None
    assert SECRET not in repr(logged)


def test_a_response_that_violates_the_schema_is_an_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    # A negative count. The error contains the value, and the log must not.
    odd = SimpleNamespace(breakdown=lambda *_: ({SECRET: {"sent": SECRET}}, 1.0))
    status, problem = ask(FakeDashboard(stats=odd), "GET", "/breakdowns/state", query=DAYS)
    assert (status, problem["code"]) == (500, "unavailable")
    (logged,) = map(vars, caplog.records)
    assert SECRET not in json.dumps(problem) + repr(logged)


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ("{", {}, 400, "not_json"),
        ('{"a": NaN}', {}, 400, "not_json"),
        ("[" * 100_000, {}, 413, "too_large"),
        ("[" * 10_000, {}, 400, "not_json"),
        ('"' + "x" * 20_000 + '"', {}, 413, "too_large"),
        ("a=b", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported"),
        ("--x", {"content-type": "multipart/form-data; boundary=x"}, 415, "unsupported"),
        ("{}", {"content-type": "text/plain"}, 415, "unsupported"),
    ],
)
def test_only_json_of_limited_size_is_read(body: str, headers: dict[str, str], status: int, code: str) -> None:
    event = request("POST", "/me", body)
    event["headers"] |= headers
    response = dashboard.respond(event, FakeDashboard(), samples.NOW)
    assert (response["statusCode"], json.loads(response["body"])["code"]) == (status, code)


@pytest.mark.parametrize("media_type", ["text/plain", "multipart/form-data", "Application/JSON", "x", ""])
def test_without_a_body_its_type_does_not_matter(media_type: str) -> None:
    event = request("POST", "/referrals/search")
    event["headers"]["content-type"] = media_type
    assert dashboard.respond(event, FakeDashboard(), samples.NOW)["statusCode"] == 422


def test_a_body_that_is_neither_text_nor_base64_is_refused() -> None:
    event = request("POST", "/me", "/w==") | {"isBase64Encoded": True}
    assert dashboard.respond(event, FakeDashboard(), samples.NOW)["statusCode"] == 400
    assert dashboard.respond(event | {"body": "%"}, FakeDashboard(), samples.NOW)["statusCode"] == 400


def test_a_request_leaves_no_state_for_the_next_one() -> None:
    ask(FakeDashboard(), "GET", "/me", username="first")
    assert dashboard.app.context == {}
    assert ask(FakeDashboard(), "GET", "/me", username="second")[1]["user"] == "second"


def test_the_description_states_the_role_and_the_errors_of_every_route() -> None:
    status, response = ask(FakeDashboard(), "GET", "/openapi.json")
    assert (status, response["openapi"][:4]) == (200, "3.1.")
    operations = [operation for path in response["paths"].values() for operation in path.values()]
    assert len(operations) >= 5
    for operation in operations:
        assert operation["description"].rpartition(" ")[2] in {"viewer.", "manager."}
        answers = {status: response for status, response in operation["responses"].items() if status.startswith("2")}
        assert "content" not in answers.pop("204", {})
        (good,) = answers.values()
        assert good["content"]["application/json"]["schema"]
        assert {"401", "403", "429", "500", "503"} <= operation["responses"].keys()
        assert ("parameters" in operation or "requestBody" in operation) is ("422" in operation["responses"])
    assert len({operation["operationId"] for operation in operations}) == len(operations)
