"""A viewer of the dashboard, or a person with a stolen password, tries to read doctors' data, to act and to export."""

import json
from datetime import UTC, datetime
from typing import Any

from referral_intake.aws.audit_log import AuditTable
from referral_intake.core.users import Role
from referral_intake.dashboard import api, authorization
from tests.infra.template_data import properties, template_data
from tests.integration.handler_harness import DOCTOR, HandlerHarness
from tests.support import dashboard


def managers_routes() -> list[tuple[str, str]]:
    """Method and path of the routes that are for managers."""
    routes: list[Any] = [*api.app._static_routes, *api.app._dynamic_routes]
    for_managers = [route for route in routes if authorization.required_role(route.func) is Role.MANAGER]
    return [(route.method, route.openapi_path.removeprefix(api.PREFIX)) for route in for_managers]


def test_a_viewer_gets_nothing_from_managers_routes_and_every_attempt_is_recorded(harness: HandlerHarness) -> None:
    receipt = harness.submit()
    routes = managers_routes()
    assert len(routes) >= 8
    for method, path in routes:
        concrete = "/".join(receipt if part.startswith("{") else part for part in path.split("/"))
        response = ask(harness, method, concrete, {})
        assert response["statusCode"] == 403, path
        assert "mark" not in response["body"], path
    records = list(AuditTable(harness.client, harness.table).of_day(datetime.now(UTC).date()))
    assert [record.username for record in records] == ["robin"] * len(routes)
    assert all(record.what.startswith("refused/") for record in records)


def test_a_viewer_reads_no_name_address_or_number_of_a_doctor(harness: HandlerHarness) -> None:
    receipt = harness.submit(with_proof=False)
    for method, path, data in (
        ("GET", f"/referrals/{receipt}", None),
        ("GET", "/work/held", None),
        ("POST", "/referrals/search", {"campaign": "lumen", "receipt": receipt}),
    ):
        response = ask(harness, method, path, data)
        assert response["statusCode"] == 200, path
        assert receipt in response["body"]
        for secret in (DOCTOR["name"], DOCTOR["email"], DOCTOR["npi"], "555"):
            assert secret not in response["body"], path


def test_a_password_alone_signs_no_user_in() -> None:
    """Cognito requires a code of an app, not of a text message, which can be intercepted."""
    team = properties(template_data(), "Team")
    assert (team["MfaConfiguration"], team["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])


def ask(harness: HandlerHarness, method: str, path: str, data: object) -> dict[str, Any]:
    query = "" if data is not None else "campaign=lumen"
    response: dict[str, Any] = harness.invoke(
        "dashboard", dashboard.request(method, path, data, query=query, groups=dashboard.VIEWER)
    )
    json.loads(response["body"])
    return response
