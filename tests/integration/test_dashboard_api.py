"""The dashboard's API against its own description: schemathesis asks each route for much that is odd.

Never a 500, never a status or an answer that is not in the description, and what breaks the description is refused.
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
from referral_intake.core.report import File, State
from referral_intake.dashboard import api as dashboard
from referral_intake.dashboard import wiring as dashboard_wiring
from referral_intake.dashboard.wiring import Dashboard
from samlocal.http import payload
from samlocal.template.model import Route
from tests.integration import aws
from tests.support import samples
from tests.support.dashboard import ROUTE, FakeAccount, FakeDashboard, claims
from tests.support.reports import report

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROLES = ("viewer", "manager")
# The description's own example of a receipt.
KNOWN = "K3QF-7ZTA-MM2X-PE5R"
KNOWN_REPORT = "5b0c2f4e9a7d4c0f8e1b6a3d2c4f5e60"


def token(role: str) -> dict[str, str]:
    """What stands for a token here: API Gateway has looked at the real one."""
    return {"Authorization": f"Bearer {role}"}


class NoQueue:
    def put(self, report_id: str) -> None: ...


class Api:
    """The dashboard's function behind API Gateway, as a WSGI application. `parts` is what it works with."""

    def __init__(self) -> None:
        self.parts: Dashboard = FakeDashboard()

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


def of_one_campaign(said: Any) -> Any:
    """The description, with the only campaign that there is: else most questions would be about none."""
    if isinstance(said, list):
        return [of_one_campaign(one) for one in said]
    if not isinstance(said, dict):
        return said
    is_campaign = said.get("title") == "Campaign" and said.get("type") == "string"
    return {name: of_one_campaign(one) for name, one in said.items()} | ({"enum": ["lumen"]} if is_campaign else {})


API = Api()
# The same questions each time: what is found here is found by everybody.
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
) -> Iterator[Dashboard]:
    """As the function makes them, of the template's tables."""
    for name, value in aws.environment(table, secret_names, "DashboardFunction").items():
        monkeypatch.setenv(name, value)
    dashboard_wiring.parts.cache_clear()
    API.parts = dashboard_wiring.parts()
    # What is not the table is not what this is about; nor does moto know the account of SES's API v2.
    API.parts.__dict__ |= {
        "ses_account": FakeAccount(),
        "report_queue": NoQueue(),
        "address_of": {"robin": "robin@team.example"}.get,
    }
    API.parts.reports.add(replace(report(), id=KNOWN_REPORT, state=State.READY, files=(File("key", "a.csv", 1),)))
    referrals = ReferralTable(API.parts.table, table)
    for receipt in (KNOWN, "AAAA-AAAA-AAAA-AAAA"):
        referrals.add(replace(aws.submitted(), receipt=receipt, stage=Stage.HELD, reason="looks_automated"))
    yield API.parts
    dashboard_wiring.parts.cache_clear()


@SCHEMA.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_is_what_it_says_it_is(case: schemathesis.Case[Any], parts: Dashboard) -> None:
    # Which days belong together, no description can say.
    unasked = [positive_data_acceptance, unsupported_method]
    # A parameter that nobody knows is wrong to the description's letter, and passed over.
    if set(case.query or {}) - {parameter.name for parameter in case.operation.query}:
        unasked.append(negative_data_rejection)
    for role in ROLES:
        case.call_and_validate(headers=token(role), excluded_checks=unasked)


def test_the_description_is_of_version_3_1_and_names_how_one_signs_in() -> None:
    said: Any = SCHEMA.raw_schema
    assert said["openapi"].startswith("3.1.")
    assert said["security"] == [{"SignedIn": []}]
    assert said["components"]["securitySchemes"]["SignedIn"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in said["components"]["schemas"]
