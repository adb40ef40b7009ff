"""The OpenAPI 3.1 description of the API, generated from the code.

Powertools describes each route from its types. This module adds what all routes share: the required role, and the
format of problems.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Route, Router

from referral_intake.dashboard.authorization import Viewer, required_role

router = Router()  # type: ignore[no-untyped-call]  # Powertools has no type hints here

ABOUT = """\
The dashboard's data and actions for marketing. Days are in UTC. URLs never contain a name or an address.
Every response with doctors' data and every action leaves an audit record. If it can't be written, the answer is 503.\
"""
SIGNED_IN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The access token of a user in the user directory's group viewer or manager.",
}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is for programs, `detail` for people. `errors` lists the invalid fields.",
    "required": ["title", "status", "code", "detail"],
    "examples": [
        {
            "title": "Unprocessable Entity",
            "status": 422,
            "code": "invalid",
            "detail": "Some fields are invalid.",
            "errors": [{"field": "to", "code": "before_from", "message": "The last day is before the first day."}],
        }
    ],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
            },
        },
    },
}
# From API Gateway itself, which does not answer with problem+json.
GATEWAY_RESPONSES = {401: "Not signed in, or the session has expired", 429: "Too many requests at once"}
COMMON_REFUSALS = (HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
# A body can be invalid in more ways, and another user can be faster.
WRITE_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


@router.get("/openapi.json", tags=["about"], summary="This API description", operation_id="openapi")
def openapi(user: Viewer) -> dict[str, Any]:
    app = router.api_resolver
    assert isinstance(app, APIGatewayHttpResolver)
    return description(app)


def routes(app: APIGatewayHttpResolver) -> Iterator[Route]:
    """Yield all routes. Powertools has no public list of them."""
    yield from app._static_routes
    yield from app._dynamic_routes


@cache
def description(app: APIGatewayHttpResolver) -> dict[str, Any]:
    for route in routes(app):
        # A route lists its additional refusals. Powertools would take them as all of its responses.
        if route.responses:
            route.responses = {route.status_code: {"description": "Done"}, **route.responses}
    document: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(title="The dashboard of referral-intake", version="1", description=ABOUT)
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    document["components"]["securitySchemes"] = {"SignedIn": SIGNED_IN}
    document["security"] = [{"SignedIn": []}]
    for route in routes(app):
        _complete(document["paths"][route.openapi_path][route.method.lower()], route)
    return document


def _complete(operation: dict[str, Any], route: Route) -> None:
    role = required_role(route.func)
    operation["description"] = f"{operation.get('description', '')}\n\nFor the role {role}.".strip()
    own = route.responses or {}
    refusals = {status for status in own if status >= 400} | _refusals(operation, route)
    answers = {status: answer for status, answer in operation["responses"].items() if int(status) < 400}
    # Powertools gives 204 the content of the route's other responses.
    answers.get("204", {}).pop("content", None)
    gateways = {str(status): {"description": words} for status, words in GATEWAY_RESPONSES.items()}
    problems = {str(int(status)): _refusal(own, status) for status in sorted(refusals)}
    operation["responses"] = answers | gateways | problems


def _refusals(operation: dict[str, Any], route: Route) -> set[int]:
    found = {int(status) for status in COMMON_REFUSALS}
    if "parameters" in operation or "requestBody" in operation:
        found.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if "{" in route.openapi_path:
        found.add(HTTPStatus.NOT_FOUND)
    if route.method in {"POST", "PUT", "PATCH"}:
        found.update(WRITE_REFUSALS)
    return found


def _refusal(own: Mapping[int, Any], status: int) -> dict[str, Any]:
    words = own.get(status, {}).get("description", HTTPStatus(status).phrase)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {"application/problem+json": {"schema": schema}}}
