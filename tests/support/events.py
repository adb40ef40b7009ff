"""Events as AWS sends them. Complete samples are JSON files in tests/events."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ADDRESS = "203.0.113.7"
"""The network address of the client in the samples."""

_SAMPLES = Path(__file__).parents[1] / "events"


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((_SAMPLES / f"{name}.json").read_text("utf-8"))
    return event


def request(
    route: str, body: str | bytes | None = None, *, query: str = "", path: str | None = None, **headers: str
) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0. `route` is a route key. A route with parameters also needs a `path`."""
    event = sample("http_api")
    method, pattern = route.split(" ")
    event["routeKey"] = event["requestContext"]["routeKey"] = route
    event["rawPath"] = path or pattern
    event["requestContext"]["http"] |= {"method": method, "path": path or pattern}
    event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    if "{receipt}" in pattern:
        event["pathParameters"] = {"receipt": event["rawPath"].split("/")[3]}
    if query:
        event["rawQueryString"] = query
        event["queryStringParameters"] = dict(pair.split("=", 1) for pair in query.split("&"))
    if isinstance(body, bytes):
        event["body"] = body.decode(errors="surrogateescape")
    elif body is not None:
        event["body"] = body
    return event


def post_json(data: object, **headers: str) -> dict[str, Any]:
    body = data if isinstance(data, str) else json.dumps(data)
    return request("POST /api/referrals", body, **{"content_type": "application/json", **headers})


def post_form(fields: dict[str, str], **headers: str) -> dict[str, Any]:
    browser = {"content_type": "application/x-www-form-urlencoded", "accept": "text/html,application/xhtml+xml"}
    return request("POST /api/referrals", urlencode(fields), **{**browser, **headers})


def find_receipt(typed: str, lang: str | None = None, **headers: str) -> dict[str, Any]:
    event = request("GET /api/referrals", **headers)
    return event | {"queryStringParameters": {"receipt": typed} | ({"lang": lang} if lang else {})}


def get_status(receipt: str, **headers: str) -> dict[str, Any]:
    return request("GET /api/referrals/{receipt}", path=f"/api/referrals/{receipt}", **headers)


def post_withdrawal(receipt: str, **headers: str) -> dict[str, Any]:
    path = f"/api/referrals/{receipt}/withdrawal"
    return request("POST /api/referrals/{receipt}/withdrawal", "", path=path, **headers)


def get_challenge(binding: str, **headers: str) -> dict[str, Any]:
    return request("GET /api/challenge", query=f"for={binding}", **headers)
