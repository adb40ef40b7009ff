"""Answer the dashboard's requests. Each module `*_routes` has the routes of one subject."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler import Response as Answer
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

# Imported when Lambda starts the function, when it has the most CPU, not during the first request.
import referral_intake.aws.audit_log
import referral_intake.aws.origin_secret
import referral_intake.aws.stats_table  # noqa: F401
from referral_intake.core.errors import Unavailable
from referral_intake.dashboard import (
    authorization,
    bulk_routes,
    comparison_routes,
    group_routes,
    openapi,
    overview_routes,
    problems,
    referral_routes,
    report_routes,
    task_routes,
)
from referral_intake.dashboard.etag import NotModified
from referral_intake.dashboard.wiring import DashboardParts
from referral_intake.observability import logs
from referral_intake.web import http
from referral_intake.web.http import Event, Problem, Response

logger = logs.logger()

PREFIX = "/api/dashboard"
MAX_BODY_BYTES = 16 * 1024
_JSON = "application/json"

app = APIGatewayHttpResolver(
    enable_validation=True,
    # A response that does not match its schema is a bug in the server, not in the request.
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    debug=False,
)
for _subject in (
    overview_routes,
    referral_routes,
    comparison_routes,
    task_routes,
    group_routes,
    bulk_routes,
    report_routes,
    openapi,
):
    app.include_router(_subject.router, prefix=PREFIX)


def respond(event: Event, parts: DashboardParts, now: datetime) -> Response:
    """Answer one request. Every exception becomes a response."""
    with logs.log_context(logger, correlation_id=event["requestContext"]["requestId"]):
        return _respond(event, parts, now)


def _respond(event: Event, parts: DashboardParts, now: datetime) -> Response:
    try:
        # First, so that a caller without a role learns nothing, not even which routes exist.
        user = authorization.signed_in_user(event)
        app.context = {"user": user, "parts": parts, "now": now}
        response = app.resolve(_with_json_body(event), LambdaContext())
    except Exception as error:  # noqa: BLE001  # `problems` distinguishes them
        return _refuse(problems.of(error, logger), event, parts, now)
    given = {name.lower(): value for name, value in response["headers"].items()}
    return {**response, "headers": {**http.HEADERS, **given}}


def _with_json_body(event: Event) -> dict[str, Any]:
    """Check the body, and return the event with the type that it has. Powertools raises at some names of types."""
    if event.get("body"):
        if http.content_type(event) != _JSON:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", "Send application/json.")
        http.parsed_json(http.body(event, MAX_BODY_BYTES))
    return {**event, "headers": {**event["headers"], "content-type": _JSON}}


def _refuse(problem: Problem, event: Event, parts: DashboardParts, now: datetime, path: str = "") -> Response:
    """Return the response. A request without permission leaves an audit record."""
    if problem.status == HTTPStatus.FORBIDDEN and (user := authorization.caller(event)):
        try:
            parts.audit.record(user, f"refused{path.removeprefix(PREFIX)}", [], now)
        except Unavailable:
            logger.exception("refused request not recorded")
    return _refusal(problem)


def _refusal(problem: Problem) -> Response:
    return http.problem_response(problem.status, problem.kind, problem.detail, **problem.members)


@app.exception_handler(NotModified)  # type: ignore[untyped-decorator]
def _not_modified(error: NotModified) -> Answer[str]:
    return Answer(HTTPStatus.NO_CONTENT)


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def _record_refusal(error: Exception) -> Answer[str]:
    route, context = app.context["_route"], app.context
    refusal = _refuse(
        problems.of(_error_to_report(error), logger),
        app.current_event.raw_event,
        context["parts"],
        context["now"],
        route.path,
    )
    return Answer(refusal["statusCode"], body=refusal["body"], headers=refusal["headers"])


def _error_to_report(error: Exception) -> Exception:
    """Return the error to report. Validation precedes the check of roles, so a missing role is reported instead."""
    role = authorization.required_role(app.context["_route"].func)
    if isinstance(error, RequestValidationError) and role:
        try:
            authorization.check(app.context["user"], role)
        except Problem as forbidden:
            return forbidden
    return error
