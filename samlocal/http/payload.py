"""Convert a request to an event, and a function's result to a response: payload format 2.0 of HTTP APIs."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from samlocal.template.model import ACCOUNT, Route

# Content types that API Gateway passes as text, besides text/*. It encodes all others in base64, including forms and
# bodies without a content type.
_TEXT = frozenset({"application/json", "application/javascript", "application/xml"})


class Malformed(Exception):
    """API Gateway would reject the result of the function."""


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    parameters: Mapping[str, str]


def event(request: Request, match: Match, body: bytes, signed_in: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the event for a request. `signed_in` is the context from the authorizer.

    Like API Gateway, omit empty members instead of sending null.
    """
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": _headers(request),
        "requestContext": _context(request, match),
        "isBase64Encoded": False,
    }
    if signed_in is not None:
        made["requestContext"]["authorizer"] = dict(signed_in)
    cookies = [cookie.strip() for cookie in request.headers.get("Cookie", "").split(";") if cookie.strip()]
    query = _joined(parse_qsl(made["rawQueryString"], keep_blank_values=True))
    optional = {"cookies": cookies, "queryStringParameters": query, "pathParameters": dict(match.parameters)}
    made.update({name: value for name, value in optional.items() if value})
    if body:
        text = request.mimetype.startswith("text/") or request.mimetype in _TEXT
        made["body"] = body.decode("utf-8", "replace") if text else base64.b64encode(body).decode()
        made["isBase64Encoded"] = not text
    return made


def _headers(request: Request) -> dict[str, str]:
    sent = [(name.lower(), value) for name, value in request.headers if name.lower() not in {"cookie", "connection"}]
    return _joined(sent) | {
        "x-forwarded-for": request.remote_addr or "",
        "x-forwarded-port": request.host.rpartition(":")[2],
        "x-forwarded-proto": request.scheme,
    }


def _context(request: Request, match: Match) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": request.host,
        "domainPrefix": request.host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr,
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": base64.urlsafe_b64encode(uuid.uuid4().bytes[:11]).decode(),
        "routeKey": match.route.key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def response(answer: Any) -> Response:
    """Return the response for the result of a function. Raise Malformed if the result is invalid."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        # API Gateway uses a result without a statusCode as the body of a response with status 200.
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return Response(body, 200, content_type="application/json")
    status = answer["statusCode"]
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise Malformed(f"statusCode is {status!r}")
    made = Response(_body(answer), status, content_type="text/plain;charset=UTF-8")
    for name, value in _mapping(answer, "headers").items():
        if not isinstance(value, str | int | float):
            raise Malformed(f"the header {name} is {value!r}")
        made.headers[name] = str(value).lower() if isinstance(value, bool) else str(value)
    for cookie in answer.get("cookies") or []:
        made.headers.add("Set-Cookie", str(cookie))
    return made


def _mapping(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = answer.get(name) or {}
    if not isinstance(value, dict):
        raise Malformed(f"{name} is {value!r}")
    return value


def _body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body", "")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed(f"body is of type {type(body).__name__}, not text")
    try:
        return base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
    except ValueError as error:
        raise Malformed(f"body: {error}") from error
