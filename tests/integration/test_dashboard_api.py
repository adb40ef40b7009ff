"""The dashboard API against its OpenAPI description: schemathesis sends many unusual requests to each route.

No response is a 500 or violates the description, and requests that violate it are refused.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance, unsupported_method
from werkzeug.wrappers import Request, Response

from referral_intake.aws.referral_table import ReferralTable
from referral_intake.core.referral import Stage
from referral_intake.core.report import File, ReportState
from referral_intake.dashboard import api as dashboard
from referral_intake.dashboard import wiring as dashboard_wiring
from referral_intake.dashboard.wiring import DashboardParts
from samlocal.http import payload
from samlocal.template.model import Route
from tests.integration import aws
from tests.support import samples
from tests.support.dashboard import ROUTE, FakeAccount, FakeDashboard, claims
from tests.support.reports import report

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROLES = ("viewer", "manager")
# The example receipt of the description.
KNOWN = "K3QF-7ZTA-MM2X-PE5R"
KNOWN_REPORT = "5b0c2f4e9a7d4c0f8e1b6a3d2c4f5e60"


def token(role: str) -> dict[str, str]:
    """A placeholder for a token, since API Gateway has already verified the real one."""
    return {"Authorization": f"Bearer {role}"}


class NoQueue:
    def put(self, report_id: str) -> None: ...


class Api:
    """The dashboard function behind API Gateway, as a WSGI application with these `parts`."""

    def __init__(self) -> None:
        self.parts: DashboardParts = FakeDashboard()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        _, _, role = request.headers.get("Authorization", "").partition("Bearer ")
        if role not in ROLES:
            return Response('{"message":"Unauthorized"}', 401, content_type="application/json")
        method, _, path = ROUTE.partition(" ")
        match = payload.Match(Route(method, path, "DashboardFunction"), {"proxy": request.path})
        event = payload.event(request, match, request.get_data())
        event["requestContext"]["authorizer"] = {"jwt": {"claims": claims(f"[{role}]"), "scopes": None}}
        response = payload.response(dashboard.respond(event, self.parts, samples.NOW))
        if request.path.endswith("/openapi.json"):
            response.set_data(json.dumps(of_one_campaign(response.get_json())))
        return response


def of_one_campaign(value: Any) -> Any:
    """The description with the only existing campaign. Otherwise most requests would name an unknown one."""
    if isinstance(value, list):
        return [of_one_campaign(one) for one in value]
    if not isinstance(value, dict):
        return value
    is_campaign = value.get("title") == "Campaign" and value.get("type") == "string"
    return {name: of_one_campaign(one) for name, one in value.items()} | ({"enum": ["lumen"]} if is_campaign else {})


API = Api()
# Generates the same requests each time, so that failures are reproducible.
GENERATION = GenerationConfig(max_examples=10, deterministic=True, database="none")
CONFIG = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=ProjectConfig(generation=GENERATION)))
SCHEMA = schemathesis.openapi.from_wsgi(
    f"{dashboard.PREFIX}/openapi.json", API, config=CONFIG, headers=token("manager")
)


@pytest.fixture
def parts(
    table: str,
    stats_table: str,
    secret_names: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[DashboardParts]:
    """The parts that the function builds, on the tables of the template."""
    for name, value in aws.environment(table, secret_names, "DashboardFunction").items():
        monkeypatch.setenv(name, value)
    dashboard_wiring.parts.cache_clear()
    API.parts = dashboard_wiring.parts()
    # Only the table matters here, and moto does not implement GetAccount of SES API v2.
    API.parts.__dict__ |= {
        "ses_account": FakeAccount(),
        "report_queue": NoQueue(),
        "address_of": {"robin": "robin@team.example"}.get,
    }
    API.parts.reports.add(replace(report(), id=KNOWN_REPORT, state=ReportState.READY, files=(File("key", "a.csv", 1),)))
    referrals = ReferralTable(API.parts.table, table)
    for receipt in (KNOWN, "AAAA-AAAA-AAAA-AAAA"):
        referrals.add(replace(aws.submitted(), receipt=receipt, stage=Stage.HELD, reason="looks_automated"))
    yield API.parts
    dashboard_wiring.parts.cache_clear()


@SCHEMA.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_matches_its_description(case: schemathesis.Case[Any], parts: DashboardParts) -> None:
    # A description cannot state which dates form a valid range.
    unasked = [positive_data_acceptance, unsupported_method]
    # An unknown parameter violates the description and is ignored.
    if set(case.query or {}) - {parameter.name for parameter in case.operation.query}:
        unasked.append(negative_data_rejection)
    for role in ROLES:
        case.call_and_validate(headers=token(role), excluded_checks=unasked)


def test_the_description_is_openapi_3_1_and_describes_authentication() -> None:
    schema: Any = SCHEMA.raw_schema
    assert schema["openapi"].startswith("3.1.")
    assert schema["security"] == [{"SignedIn": []}]
    assert schema["components"]["securitySchemes"]["SignedIn"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in schema["components"]["schemas"]
